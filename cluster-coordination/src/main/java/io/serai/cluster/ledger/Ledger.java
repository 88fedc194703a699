package io.serai.cluster.ledger;

import io.serai.config.name.AccountName;
import io.serai.config.name.FileId;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.object.Protocol;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The record of every transfer: find, follow, cancel. Rows of uploads and pulls are written by {@code Receiving}. */
public interface Ledger {
    /** How many of the newest transfers a search reaches. */
    int MOST_FOUND = 10_000;

    /**
     * Transfers, newest first; running ones of this node are included with the bytes so far.
     *
     * @throws io.serai.config.error.SeraiException {@code INVALID} when offset and limit reach beyond {@link #MOST_FOUND}
     */
    List<TransferRow> find(TransferFilter filter);

    Optional<TransferRow> get(TransferId id);

    /** Every transfer of one file, oldest first: how it came in and where it went. */
    List<TransferRow> ofFile(FileId file);

    /** Asks a running transfer to stop, on whichever node it runs; false when it has ended. */
    boolean cancel(TransferId id, String by);

    /** Records a partner's download that has begun; end it through the handle. */
    Download downloadStarted(NewDownload download);

    /**
     * What became of an upload that another node took.
     *
     * @return {@code RUNNING} when no end of it is recorded
     */
    TransferState uploadState(TransferId transfer, SessionId session, AccountName account);

    /**
     * Ends an upload that another node took, unless it is committed: that node's commit fails from now on.
     *
     * @return its state, which is not {@code RUNNING}
     */
    TransferState endUpload(LostUpload upload);

    /** An upload whose end nobody heard. */
    record LostUpload(
            TransferId transfer,
            AccountName account,
            String path,
            Protocol protocol,
            String listener,
            String peer,
            SessionId session) {}

    /** A running download. */
    interface Download {
        TransferId transfer();

        /** Whether an operator asked it to stop. Cheap. */
        boolean cancelled();

        void completed(long bytes);

        void aborted(long bytes, String reason);
    }

    record NewDownload(
            String account,
            String path,
            Protocol protocol,
            String listener,
            String peer,
            SessionId session,
            long sizeBytes) {}

    /**
     * Which transfers to find; empty fields do not restrict.
     *
     * @param party an account or site
     * @param name a pattern for the last segment of the path with {@code *} and {@code ?}
     * @param offset with the limit at most {@link #MOST_FOUND}; what is older is found by {@code until}
     */
    record TransferFilter(
            Optional<String> party,
            Optional<TransferState> state,
            Optional<TransferKind> kind,
            Optional<String> name,
            Optional<Instant> from,
            Optional<Instant> until,
            int limit,
            int offset) {}

    /** Removes rows that ended longer ago than this, in small steps; the number removed. */
    int forget(Duration olderThan);
}
