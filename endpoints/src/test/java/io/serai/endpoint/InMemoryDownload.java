package io.serai.endpoint;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** A download from an {@link InMemoryAccount}; it remembers whether the endpoint called it delivered and closed. */
public final class InMemoryDownload implements DownloadChannel {
    private final TransferId transfer;
    private final FileAttributes attributes;
    private final FileChannel bytes;
    private volatile boolean delivered;
    private volatile boolean closed;

    InMemoryDownload(TransferId transfer, Path content, FileAttributes attributes) {
        this.transfer = transfer;
        this.attributes = attributes;
        try {
            this.bytes = FileChannel.open(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public boolean wasDelivered() {
        return delivered;
    }

    public boolean wasClosed() {
        return closed;
    }

    @Override
    public TransferId transfer() {
        return transfer;
    }

    @Override
    public FileAttributes attributes() {
        return attributes;
    }

    @Override
    public int read(ByteBuffer target, long offset) {
        try {
            int total = 0;
            while (target.hasRemaining()) {
                int count = bytes.read(target, offset + total);
                if (count < 0) {
                    return total == 0 ? -1 : total;
                }
                total += count;
            }
            return total;
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.STORAGE_DOWN, "The read failed", e);
        }
    }

    @Override
    public void delivered() {
        delivered = true;
    }

    @Override
    public void close() {
        closed = true;
        try {
            bytes.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
