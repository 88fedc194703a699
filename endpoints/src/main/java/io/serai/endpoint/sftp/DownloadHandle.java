package io.serai.endpoint.sftp;

import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.Pace;
import java.nio.ByteBuffer;

/** A file that is being read. */
final class DownloadHandle implements OpenHandle {
    private final SftpSession session;
    private final DownloadChannel channel;
    private boolean endReached;

    DownloadHandle(SftpSession session, DownloadChannel channel) {
        this.session = session;
        this.channel = channel;
    }

    /** Reads as {@link DownloadChannel#read} does. */
    int read(ByteBuffer target, long offset) {
        Pace.await(channel::pause, session::requireConnected);
        int count = channel.read(target, offset);
        if (count < 0 || offset + count >= channel.attributes().sizeBytes()) {
            endReached = true;
        }
        return count;
    }

    /** The partner closed the handle. A file whose end it never asked for was not delivered. */
    void finish() {
        try (channel) {
            if (endReached || channel.attributes().sizeBytes() == 0) {
                channel.delivered();
            }
        }
    }

    @Override
    public FileAttributes attributes() {
        return channel.attributes();
    }

    /** Some clients hang up instead of closing the handle once they have the last byte: what was sent in full counts. */
    @Override
    public void abort(String reason) {
        if (endReached) {
            finish();
        } else {
            channel.close();
        }
    }
}
