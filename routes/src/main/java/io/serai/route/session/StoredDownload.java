package io.serai.route.session;

import io.serai.cluster.ledger.Ledger;
import io.serai.cluster.storage.OpenFile;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.FileAttributes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A partner's download out of storage, with its row in the ledger. */
final class StoredDownload implements DownloadChannel, PartnerSession.OpenTransfer {
    private static final Logger LOG = LoggerFactory.getLogger(StoredDownload.class);

    private final PartnerSession session;
    private final VirtualPath path;
    private final OpenFile file;
    private final Ledger.Download row;
    private final TransferShare share;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicBoolean ended = new AtomicBoolean();

    StoredDownload(PartnerSession session, VirtualPath path, OpenFile file, Ledger.Download row, TransferShare share) {
        this.session = session;
        this.path = path;
        this.file = file;
        this.row = row;
        this.share = share;
    }

    @Override
    public TransferId transfer() {
        return row.transfer();
    }

    @Override
    public FileAttributes attributes() {
        return Attributes.of(file.info());
    }

    @Override
    public int read(ByteBuffer target, long offset) {
        session.checkNotEnded();
        if (row.cancelled()) {
            throw new SeraiException(ErrorCode.CANCELLED, "Transfer " + transfer() + " was cancelled by an operator");
        }
        try {
            int total = 0;
            while (target.hasRemaining()) {
                int count = file.channel().read(target, offset + total);
                if (count < 0) {
                    break;
                }
                total += count;
            }
            bytes.addAndGet(total);
            share.moved(total);
            return total == 0 ? -1 : total;
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.STORAGE_DOWN, "Reading " + path + " failed: " + e.getMessage(), e);
        }
    }

    @Override
    public Duration pause() {
        session.checkNotEnded();
        return share.pause();
    }

    @Override
    public void delivered() {
        if (ended.compareAndSet(false, true)) {
            finish(() -> row.completed(bytes.get()));
            LOG.info("Transfer {} of {} is complete ({} bytes)", transfer(), path, bytes.get());
        }
    }

    @Override
    public void close() {
        breakOff("The download was broken off");
    }

    /** Every read asks the session. */
    @Override
    public void refuse(String reason) {}

    @Override
    public void breakOff(String reason) {
        if (ended.compareAndSet(false, true)) {
            finish(() -> row.aborted(bytes.get(), reason));
            LOG.info("Transfer {} of {} was broken off after {} bytes: {}", transfer(), path, bytes.get(), reason);
        }
    }

    @Override
    public VirtualPath path() {
        return path;
    }

    @Override
    public long bytesSoFar() {
        return bytes.get();
    }

    @Override
    public boolean isUpload() {
        return false;
    }

    /** The partner has its bytes whether or not the ledger can say so at the moment. */
    private void finish(Runnable record) {
        session.closed(transfer());
        file.close();
        share.close();
        try {
            record.run();
        } catch (SeraiException e) {
            LOG.warn("The end of transfer {} could not be recorded: {}", transfer(), e.text());
        }
    }
}
