/**
 * Configuration objects (account, site, route, schedule) as operators write them in YAML. Start reading at
 * {@link io.serai.config.object.ConfigObject}.
 */
@NullMarked
package io.serai.config.object;

import org.jspecify.annotations.NullMarked;
