/**
 * Routes that begin with {@code folder:}: files that other programs put into a folder of the shared file system become
 * events, one each. One node looks, by a named lease; any node runs the events. Start reading at {@link
 * io.serai.route.monitor.FolderMonitor}.
 */
@NullMarked
package io.serai.route.monitor;

import org.jspecify.annotations.NullMarked;
