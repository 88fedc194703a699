package io.serai.config.document;

import io.serai.config.yaml.ByteSize;

/** Bytes per second, written as a size. */
final class Bandwidth {
    private static final long LEAST = 1024;

    private Bandwidth() {}

    static long parse(String text) {
        long bytes = ByteSize.parse(text);
        if (bytes < LEAST) {
            throw new IllegalArgumentException("expected the bytes per second, 1KiB or more, such as 10MiB");
        }
        return bytes;
    }
}
