/**
 * The account homes, staging and kept content on the shared file system, and how an upload becomes a file. Start reading at
 * {@link io.serai.cluster.storage.Storage} and {@link io.serai.cluster.storage.Receiving}.
 */
@NullMarked
package io.serai.cluster.storage;

import org.jspecify.annotations.NullMarked;
