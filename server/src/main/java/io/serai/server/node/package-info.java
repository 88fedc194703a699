/**
 * One running server: what it is made of, in which order it starts and stops. Start reading at {@code SeraiNode}.
 */
@NullMarked
package io.serai.server.node;

import org.jspecify.annotations.NullMarked;
