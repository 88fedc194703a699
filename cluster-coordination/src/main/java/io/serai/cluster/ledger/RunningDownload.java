package io.serai.cluster.ledger;

import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.name.FileId;
import io.serai.config.name.TransferId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A partner's download from its begin to its row. Safe for use by many threads. */
final class RunningDownload implements Ledger.Download, RunningTransfers.Running {
    private final TransferId id = TransferId.random();
    private final FileId file = FileId.random();
    private final Ledger.NewDownload download;
    private final FencingToken token;
    private final LedgerWriter writer;
    private final InstantSource clock;
    private final Instant started;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable String cancelledBy;
    private RunningTransfers.@Nullable Registration registration;

    RunningDownload(Ledger.NewDownload download, FencingToken token, LedgerWriter writer, InstantSource clock) {
        this.download = download;
        this.token = token;
        this.writer = writer;
        this.clock = clock;
        this.started = clock.instant();
    }

    void register(RunningTransfers running) {
        registration = running.add(id, this);
    }

    @Override
    public TransferId transfer() {
        return id;
    }

    @Override
    public boolean cancelled() {
        return cancelledBy != null;
    }

    @Override
    public void cancel(String by) {
        cancelledBy = by;
    }

    @Override
    public void completed(long bytes) {
        end(TransferState.COMPLETED, bytes, null, null);
    }

    @Override
    public void aborted(long bytes, String reason) {
        String by = cancelledBy;
        if (by == null) {
            end(TransferState.ABORTED, bytes, ErrorCode.PARTNER_ABORT, reason);
        } else {
            end(TransferState.CANCELLED, bytes, ErrorCode.CANCELLED, "cancelled by " + by);
        }
    }

    private void end(TransferState state, long bytes, @Nullable ErrorCode code, @Nullable String text) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        if (registration != null) {
            registration.close();
        }
        long age = Duration.between(started, clock.instant()).toMillis();
        writer.write(new TransferTable.Entry(row(state, bytes, code, text), token, age, null));
    }

    @Override
    public Optional<TransferRow> row() {
        return Optional.of(row(TransferState.RUNNING, download.sizeBytes(), null, null));
    }

    private TransferRow row(TransferState state, long bytes, @Nullable ErrorCode code, @Nullable String text) {
        return new TransferRow(
                id,
                file,
                TransferKind.DOWNLOAD,
                state,
                download.account(),
                null,
                TransferTable.word(download.protocol()),
                download.listener(),
                download.path(),
                bytes,
                null,
                download.peer(),
                download.session().toString(),
                null,
                null,
                token.node().value(),
                1,
                code == null ? null : code.name(),
                text,
                started,
                null);
    }
}
