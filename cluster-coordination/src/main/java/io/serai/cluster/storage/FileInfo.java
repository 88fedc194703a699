package io.serai.cluster.storage;

import java.time.Instant;

/**
 * A file or folder of an account's home.
 *
 * @param sizeBytes 0 for a folder
 * @param version an opaque tag of the content
 */
public record FileInfo(String name, boolean folder, long sizeBytes, Instant modified, String version) {}
