/**
 * Reading what people write: YAML with the place of every value, sizes and durations, and the list of everything that is
 * wrong with it, with a mend each. Start reading at {@link io.serai.config.yaml.Problems}.
 */
@NullMarked
package io.serai.config.yaml;

import org.jspecify.annotations.NullMarked;
