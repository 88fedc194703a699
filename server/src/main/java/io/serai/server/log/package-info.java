/**
 * How a server writes its log: as text for people or as JSON for collectors. Start reading at
 * {@link io.serai.server.log.LogSetup}.
 */
@NullMarked
package io.serai.server.log;

import org.jspecify.annotations.NullMarked;
