/**
 * The typed settings of a node: a YAML file, overridden by SERAI_ environment variables and --set. Start reading at
 * {@link io.serai.config.settings.NodeSettings}.
 */
@NullMarked
package io.serai.config.settings;

import org.jspecify.annotations.NullMarked;
