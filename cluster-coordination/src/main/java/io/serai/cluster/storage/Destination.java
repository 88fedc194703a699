package io.serai.cluster.storage;

import io.serai.cluster.ledger.TransferKind;
import io.serai.cluster.ledger.TransferRow;
import io.serai.cluster.ledger.TransferState;
import io.serai.config.error.ErrorCode;
import io.serai.config.name.AccountName;
import io.serai.config.name.FileId;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import io.serai.config.name.TransferId;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What an incoming file is for: a name in a home, or the route that pulls it. */
sealed interface Destination {
    /** How a transfer stands, for its row of the ledger. */
    record Standing(
            TransferId transfer,
            FileId file,
            NodeName node,
            TransferState state,
            long sizeBytes,
            @Nullable String sha256,
            @Nullable ErrorCode code,
            @Nullable String text,
            Instant started) {}

    /**
     * What the ledger knows of a transfer from its beginning on.
     *
     * @param listener and the session: of an upload alone
     */
    record Origin(
            TransferKind kind,
            Optional<AccountName> account,
            Optional<SiteName> site,
            Optional<RouteId> route,
            String protocol,
            @Nullable String listener,
            String path,
            @Nullable String peer,
            @Nullable String session) {}

    Origin origin();

    default TransferRow row(Standing standing) {
        Origin origin = origin();
        return new TransferRow(
                standing.transfer(),
                standing.file(),
                origin.kind(),
                standing.state(),
                origin.account().map(AccountName::value).orElse(null),
                origin.site().map(SiteName::value).orElse(null),
                origin.protocol(),
                origin.listener(),
                origin.path(),
                standing.sizeBytes(),
                standing.sha256(),
                origin.peer(),
                origin.session(),
                origin.route().map(RouteId::value).orElse(null),
                null,
                standing.node().value(),
                1,
                standing.code() == null ? null : standing.code().name(),
                standing.text(),
                standing.started(),
                null);
    }

    default Receiving.Received received(Standing standing, String sha256, String version) {
        Origin origin = origin();
        return new Receiving.Received(
                standing.transfer(),
                standing.file(),
                origin.account(),
                origin.site(),
                origin.route(),
                origin.path(),
                standing.sizeBytes(),
                sha256,
                version);
    }

    /** The size that was announced. */
    default OptionalLong expectedBytes() {
        return OptionalLong.empty();
    }

    Receiving.InTransaction alongside();

    /** For messages. */
    String description();

    /** A partner's upload into its home. */
    record Home(Receiving.Upload upload, StagingName.Target target) implements Destination {
        @Override
        public Origin origin() {
            return new Origin(
                    TransferKind.UPLOAD,
                    Optional.of(upload.account()),
                    Optional.empty(),
                    Optional.empty(),
                    upload.protocol().name().toLowerCase(Locale.ROOT),
                    upload.listener(),
                    upload.path().toString(),
                    upload.peer(),
                    upload.session().toString());
        }

        @Override
        public OptionalLong expectedBytes() {
            return upload.expectedBytes();
        }

        @Override
        public Receiving.InTransaction alongside() {
            return (connection, received) -> {};
        }

        @Override
        public String description() {
            return "the upload of " + upload.path() + " by account " + upload.account();
        }
    }

    /** A file that is fetched from a site. */
    record Fetch(Receiving.Pull pull) implements Destination {
        @Override
        public Origin origin() {
            return new Origin(
                    TransferKind.PULL,
                    Optional.empty(),
                    Optional.of(pull.site()),
                    Optional.of(pull.route()),
                    pull.protocol().name().toLowerCase(Locale.ROOT),
                    null,
                    pull.remotePath(),
                    pull.peer(),
                    null);
        }

        @Override
        public Receiving.InTransaction alongside() {
            return pull.alongside();
        }

        @Override
        public String description() {
            return "the pull from site " + pull.site();
        }
    }

    /** A file that is taken from a monitored folder; the ledger knows it as a pull by the protocol "folder". */
    record Taken(Receiving.Monitored monitored) implements Destination {
        private static final String PROTOCOL = "folder";

        @Override
        public Origin origin() {
            return new Origin(
                    TransferKind.PULL,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(monitored.route()),
                    PROTOCOL,
                    null,
                    monitored.path(),
                    null,
                    null);
        }

        @Override
        public Receiving.InTransaction alongside() {
            return monitored.alongside();
        }

        @Override
        public String description() {
            return "the taking of " + monitored.path();
        }
    }
}
