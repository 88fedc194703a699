package io.serai.route.session;

import io.serai.cluster.storage.Incoming;
import io.serai.cluster.storage.Receiving.Received;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A partner's upload into storage. Its lock lets the end of the session break it off while it is being written. */
final class StoredUpload implements UploadChannel, PartnerSession.OpenTransfer {
    private static final Logger LOG = LoggerFactory.getLogger(StoredUpload.class);

    private final PartnerSession session;
    private final VirtualPath path;
    private final Incoming incoming;
    private final TransferShare share;
    private volatile long bytes;
    private boolean ended;

    StoredUpload(PartnerSession session, VirtualPath path, Incoming incoming, TransferShare share) {
        this.session = session;
        this.path = path;
        this.incoming = incoming;
        this.share = share;
        this.bytes = incoming.startOffset();
    }

    @Override
    public TransferId transfer() {
        return incoming.transfer();
    }

    @Override
    public long startOffset() {
        return incoming.startOffset();
    }

    @Override
    public synchronized void write(ByteBuffer data, long offset) {
        checkOpen();
        int count = data.remaining();
        incoming.write(data, offset);
        bytes = Math.max(bytes, offset + count);
        share.moved(count);
    }

    @Override
    public Duration pause() {
        session.checkNotEnded();
        return share.pause();
    }

    @Override
    public synchronized void force() {
        checkOpen();
        incoming.force();
    }

    @Override
    public synchronized UploadReceipt commit() {
        checkOpen();
        Received received = incoming.commit();
        finish();
        // The file has arrived, but a session that ended meanwhile is told nothing any more.
        session.checkNotEnded();
        return new UploadReceipt(received.transfer(), received.sizeBytes(), received.sha256(), received.version());
    }

    @Override
    public synchronized void abort(String reason) {
        if (!ended) {
            try {
                incoming.abort(ErrorCode.PARTNER_ABORT, reason);
            } finally {
                finish();
            }
        }
    }

    @Override
    public void close() {
        abort("The upload was closed without being completed");
    }

    @Override
    public void refuse(String reason) {
        incoming.breakOff(reason);
    }

    @Override
    public void breakOff(String reason) {
        try {
            abort(reason);
        } catch (SeraiException e) {
            // The upload has no file either way; only its ledger row may be late, which a takeover mends.
            LOG.warn("The end of transfer {} could not be recorded: {}", transfer(), e.text());
        }
    }

    @Override
    public VirtualPath path() {
        return path;
    }

    @Override
    public long bytesSoFar() {
        return bytes;
    }

    @Override
    public boolean isUpload() {
        return true;
    }

    private void finish() {
        ended = true;
        session.closed(transfer());
        incoming.close();
        share.close();
    }

    private void checkOpen() {
        session.checkNotEnded();
        if (ended) {
            throw new SeraiException(ErrorCode.PARTNER_ABORT, "The upload of " + path + " was ended before");
        }
    }
}
