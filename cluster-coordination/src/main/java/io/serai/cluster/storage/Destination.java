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

    TransferRow row(Standing standing);

    Receiving.Received received(Standing standing, String sha256, String version);

    /** The size that was announced. */
    OptionalLong expectedBytes();

    Receiving.InTransaction alongside();

    /** For messages. */
    String description();

    /** A partner's upload into its home. */
    record Home(Receiving.Upload upload, StagingName.Target target) implements Destination {
        @Override
        public TransferRow row(Standing standing) {
            return new TransferRow(
                    standing.transfer(),
                    standing.file(),
                    TransferKind.UPLOAD,
                    standing.state(),
                    upload.account().value(),
                    null,
                    upload.protocol().name().toLowerCase(Locale.ROOT),
                    upload.listener(),
                    upload.path().toString(),
                    standing.sizeBytes(),
                    standing.sha256(),
                    upload.peer(),
                    upload.session().toString(),
                    null,
                    null,
                    standing.node().value(),
                    1,
                    standing.code() == null ? null : standing.code().name(),
                    standing.text(),
                    standing.started(),
                    null);
        }

        @Override
        public Receiving.Received received(Standing standing, String sha256, String version) {
            return new Receiving.Received(
                    standing.transfer(),
                    standing.file(),
                    Optional.of(upload.account()),
                    Optional.<SiteName>empty(),
                    Optional.<RouteId>empty(),
                    upload.path().toString(),
                    standing.sizeBytes(),
                    sha256,
                    version);
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
        public TransferRow row(Standing standing) {
            return new TransferRow(
                    standing.transfer(),
                    standing.file(),
                    TransferKind.PULL,
                    standing.state(),
                    null,
                    pull.site().value(),
                    pull.protocol().name().toLowerCase(Locale.ROOT),
                    null,
                    pull.remotePath(),
                    standing.sizeBytes(),
                    standing.sha256(),
                    pull.peer(),
                    null,
                    pull.route().value(),
                    null,
                    standing.node().value(),
                    1,
                    standing.code() == null ? null : standing.code().name(),
                    standing.text(),
                    standing.started(),
                    null);
        }

        @Override
        public Receiving.Received received(Standing standing, String sha256, String version) {
            return new Receiving.Received(
                    standing.transfer(),
                    standing.file(),
                    Optional.<AccountName>empty(),
                    Optional.of(pull.site()),
                    Optional.of(pull.route()),
                    pull.remotePath(),
                    standing.sizeBytes(),
                    sha256,
                    version);
        }

        @Override
        public OptionalLong expectedBytes() {
            return OptionalLong.empty();
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
        public TransferRow row(Standing standing) {
            return new TransferRow(
                    standing.transfer(),
                    standing.file(),
                    TransferKind.PULL,
                    standing.state(),
                    null,
                    null,
                    PROTOCOL,
                    null,
                    monitored.path(),
                    standing.sizeBytes(),
                    standing.sha256(),
                    null,
                    null,
                    monitored.route().value(),
                    null,
                    standing.node().value(),
                    1,
                    standing.code() == null ? null : standing.code().name(),
                    standing.text(),
                    standing.started(),
                    null);
        }

        @Override
        public Receiving.Received received(Standing standing, String sha256, String version) {
            return new Receiving.Received(
                    standing.transfer(),
                    standing.file(),
                    Optional.<AccountName>empty(),
                    Optional.<SiteName>empty(),
                    Optional.of(monitored.route()),
                    monitored.path(),
                    standing.sizeBytes(),
                    sha256,
                    version);
        }

        @Override
        public OptionalLong expectedBytes() {
            return OptionalLong.empty();
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
