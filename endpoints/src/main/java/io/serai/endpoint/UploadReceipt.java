package io.serai.endpoint;

import io.serai.config.name.TransferId;

/**
 * What was stored.
 *
 * @param sha256 of the whole file, lower-case hex
 * @param version the content's tag, as in {@link FileAttributes#version()}
 */
public record UploadReceipt(TransferId transfer, long sizeBytes, String sha256, String version) {}
