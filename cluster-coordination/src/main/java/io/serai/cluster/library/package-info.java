/**
 * The bytes of libraries of custom steps, kept by their checksum. Start reading at {@link
 * io.serai.cluster.library.LibraryContents}.
 */
@NullMarked
package io.serai.cluster.library;

import org.jspecify.annotations.NullMarked;
