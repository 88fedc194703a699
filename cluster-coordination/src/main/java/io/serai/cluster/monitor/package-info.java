/**
 * Monitored folders: what was taken from them, and the door to a folder that other programs write to. Start reading at
 * {@link io.serai.cluster.monitor.MonitoredFiles}.
 */
@NullMarked
package io.serai.cluster.monitor;

import org.jspecify.annotations.NullMarked;
