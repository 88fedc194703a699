/**
 * The one exception of the house, its codes and their kinds. Start reading at {@link io.serai.config.error.ErrorKind}.
 */
@NullMarked
package io.serai.config.error;

import org.jspecify.annotations.NullMarked;
