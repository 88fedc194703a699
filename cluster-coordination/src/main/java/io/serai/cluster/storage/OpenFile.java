package io.serai.cluster.storage;

import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * A file that is open for reading. Close it.
 *
 * @param location where the bytes lie; only for reading, never shown to partners
 */
public record OpenFile(FileInfo info, FileChannel channel, Path location) implements AutoCloseable {
    @Override
    public void close() {
        try {
            channel.close();
        } catch (java.io.IOException e) {
            // Nothing was written through this channel, so nothing can be lost by its failing to close.
            return;
        }
    }
}
