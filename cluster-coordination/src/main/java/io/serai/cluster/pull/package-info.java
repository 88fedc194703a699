/**
 * What routes have fetched from sites, so that a file is fetched once. Start reading at {@link
 * io.serai.cluster.pull.PulledFiles}.
 */
@NullMarked
package io.serai.cluster.pull;

import org.jspecify.annotations.NullMarked;
