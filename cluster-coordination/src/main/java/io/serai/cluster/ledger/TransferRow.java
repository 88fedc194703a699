package io.serai.cluster.ledger;

import io.serai.config.name.FileId;
import io.serai.config.name.TransferId;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A row of the ledger as operators see it. */
public record TransferRow(
        TransferId id,
        FileId file,
        TransferKind kind,
        TransferState state,
        @Nullable String account,
        @Nullable String site,
        String protocol,
        @Nullable String listener,
        String path,
        long sizeBytes,
        @Nullable String sha256,
        @Nullable String peer,
        @Nullable String session,
        @Nullable String route,
        @Nullable Long event,
        String node,
        int attempts,
        @Nullable String errorCode,
        @Nullable String errorText,
        Instant started,
        @Nullable Instant ended) {
    /** The account or the site, whichever the peer is. */
    public Optional<String> party() {
        return Optional.ofNullable(account == null ? site : account);
    }
}
