package io.serai.cluster.storage;

import io.serai.cluster.ledger.RunningTransfers;
import io.serai.cluster.ledger.TransferRow;
import io.serai.cluster.ledger.TransferState;
import io.serai.cluster.ledger.TransferTable;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.FileId;
import io.serai.config.name.TransferId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One file that comes in through staging; {@link StagedReceiving} says in which order it is committed. */
final class IncomingFile implements Incoming, RunningTransfers.Running {
    private static final Logger LOG = LoggerFactory.getLogger(IncomingFile.class);

    private final Opening opening;
    private final StagedFile file;
    private final ReceivingServices services;
    private final FileId fileId = FileId.random();
    private final Instant started;
    private final long startOffset;
    private volatile @Nullable String cancelledBy;
    private volatile @Nullable String brokenOff;
    private volatile State state = State.OPEN;
    /** Whether the content of this transfer is ours: an id that comes from outside may have been another's. */
    private boolean linked;

    private @Nullable SeraiException failure;
    private RunningTransfers.@Nullable Registration registration;

    IncomingFile(Opening opening, StagedFile file, ReceivingServices services) {
        this.opening = opening;
        this.file = file;
        this.services = services;
        this.started = services.foundation().clock().instant();
        this.startOffset = file.held();
    }

    /** With what it was opened. */
    record Opening(Destination destination, StagingName name, FencingToken token, Path staging, Bounds bounds) {
        TransferId transfer() {
            return name.transfer();
        }
    }

    /** How large it may become. */
    record Bounds(long maxBytes, long quotaLeft) {
        static final Bounds NONE = new Bounds(Long.MAX_VALUE, Long.MAX_VALUE);

        void check(long end, String what) {
            if (end > maxBytes) {
                throw new SeraiException(
                        ErrorCode.TOO_LARGE, what + " is refused: a file may have " + maxBytes + " bytes at most");
            }
            if (end > quotaLeft) {
                throw new SeraiException(
                        ErrorCode.QUOTA, what + " is refused: the home has room for " + quotaLeft + " bytes");
            }
        }
    }

    private enum State {
        OPEN,
        /** The transaction happened; nothing can take the arrival back. */
        RECORDED,
        /** Someone else decides now what becomes of the file: a recovery, or the settling of an unknown outcome. */
        GIVEN_AWAY,
        ENDED
    }

    void register() {
        registration = services.foundation().running().add(opening.transfer(), this);
    }

    @Override
    public TransferId transfer() {
        return opening.transfer();
    }

    @Override
    public long startOffset() {
        return startOffset;
    }

    @Override
    public void write(ByteBuffer data, long offset) {
        requireOpen();
        try {
            opening.bounds()
                    .check(offset + data.remaining(), opening.destination().description());
            file.write(data, offset);
        } catch (IOException e) {
            throw fail(FileErrors.of(e, "Writing " + opening.destination().description()));
        } catch (SeraiException e) {
            throw fail(e);
        }
    }

    @Override
    public void force() {
        requireOpen();
        try {
            file.force();
        } catch (IOException e) {
            throw fail(FileErrors.of(e, "Syncing " + opening.destination().description()));
        }
    }

    @Override
    public Receiving.Received commit() {
        requireOpen();
        try {
            requireComplete();
            String sha256 = file.sha256();
            file.sync();
            reached(CommitSteps.Step.SYNCED);
            BasicFileAttributes attributes =
                    Files.readAttributes(opening.staging(), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            requireOpen();
            linkContent();
            reached(CommitSteps.Step.LINKED);
            Receiving.Received received = opening.destination()
                    .received(
                            standing(TransferState.COMPLETED, sha256, null, null),
                            sha256,
                            FileSystemStorage.version(attributes));
            recordAndPublish(received);
            end();
            LOG.info(
                    "Transfer {} is complete: {}, {} bytes",
                    opening.transfer(),
                    opening.destination().description(),
                    received.sizeBytes());
            return received;
        } catch (NoSuchFileException e) {
            // Only a recovery moves a file of a running epoch: it holds this node for dead.
            state = State.GIVEN_AWAY;
            throw fail(new SeraiException(
                    ErrorCode.FENCED, opening.destination().description() + " was taken over by another node", e));
        } catch (IOException e) {
            throw fail(FileErrors.of(e, "Completing " + opening.destination().description()));
        } catch (SeraiException e) {
            throw fail(e);
        }
    }

    private void requireComplete() {
        long held = file.held();
        if (file.hasHole()) {
            throw new SeraiException(
                    ErrorCode.PARTNER_ABORT, opening.destination().description() + " ended with a gap in its bytes");
        }
        long expected = opening.destination().expectedBytes().orElse(held);
        if (expected != held) {
            throw new SeraiException(
                    ErrorCode.PARTNER_ABORT,
                    opening.destination().description() + " ended with " + held + " bytes, but " + expected
                            + " were announced");
        }
    }

    private void linkContent() throws IOException {
        Path content = services.foundation().root().content(opening.transfer());
        StorageRoot.linkOrCopy(opening.staging(), content);
        linked = true;
        StorageRoot.sync(Objects.requireNonNull(content.getParent()));
    }

    private void recordAndPublish(Receiving.Received received) throws IOException {
        if (opening.destination() instanceof Destination.Home home) {
            ReentrantLock lock = services.openUploads().commitLock(home.target());
            lock.lock();
            try {
                refuseName(home);
                record(received);
                publish(home);
            } finally {
                lock.unlock();
            }
        } else {
            record(received);
            deleteStaging();
        }
        reached(CommitSteps.Step.PUBLISHED);
    }

    private void refuseName(Destination.Home home) {
        Receiving.Upload upload = home.upload();
        Path name = services.foundation().root().locate(upload.account(), upload.path());
        services.refuseName(upload, StorageRoot.look(name));
    }

    private void record(Receiving.Received received) {
        requireOpen();
        reached(CommitSteps.Step.RECORDING);
        ArrivalRecorder.Arrival arrival = new ArrivalRecorder.Arrival(
                entry(
                        standing(TransferState.COMPLETED, received.sha256(), null, null),
                        services.settings().contentRetention().toSeconds()),
                entry(standing(TransferState.ABORTED, null, ErrorCode.DATABASE_DOWN, "its commit was lost"), null),
                received,
                opening.destination().alongside());
        try {
            services.recorder().record(arrival);
            state = State.RECORDED;
            reached(CommitSteps.Step.RECORDED);
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.UNKNOWN_OUTCOME) {
                state = State.GIVEN_AWAY;
                services.foundation().publisher().later(() -> settle(arrival));
                throw new SeraiException(ErrorCode.DATABASE_DOWN, e.text(), e);
            }
            throw e;
        }
    }

    /** A commit whose outcome could not be learnt in time; true when it is known and has been acted on. */
    private boolean settle(ArrivalRecorder.Arrival arrival) throws IOException {
        switch (services.recorder().settleOnce(arrival)) {
            case UNKNOWN -> {
                return false;
            }
            case COMMITTED -> {
                if (opening.destination() instanceof Destination.Home home) {
                    publishLater(publication(home));
                } else {
                    deleteStaging();
                }
            }
            case ABORTED -> {
                unlinkContent();
                keepOrDelete();
            }
        }
        return true;
    }

    private void publish(Destination.Home home) {
        Publisher publisher = services.foundation().publisher();
        Publisher.Publication publication = publication(home);
        try {
            requireLease();
            publisher.publish(publication);
            if (home.upload().mode() != Receiving.Mode.RESUME) {
                services.parts().drop(home.target());
            }
            services.usage().added(home.upload().account(), file.held());
        } catch (IOException | SeraiException e) {
            LOG.warn(
                    "{} (transfer {}) has arrived, but is not visible yet; this is tried again",
                    home.description(),
                    opening.transfer(),
                    e);
            publishLater(publication);
        }
    }

    /** A node that was frozen after the transaction finds another upload under the name, or its own. */
    private void requireLease() {
        if (!isLeaseHeld()) {
            throw new SeraiException(
                    ErrorCode.FENCED,
                    "the lease of node " + opening.token().node() + " with epoch "
                            + opening.token().epoch() + " has ended; whoever takes over gives the file its name");
        }
    }

    private boolean isLeaseHeld() {
        return services.foundation().fence().token().equals(opening.token());
    }

    /** Tries until it has its name, or until this lease has ended for good: then the name is the takeover's to give. */
    private void publishLater(Publisher.Publication publication) {
        Publisher publisher = services.foundation().publisher();
        publisher.later(() -> !isLeaseHeld() || publisher.publishUnlessSuperseded(publication));
    }

    private Publisher.Publication publication(Destination.Home home) {
        return new Publisher.Publication(
                opening.transfer(),
                home.upload().account(),
                home.upload().path(),
                opening.staging(),
                home.upload().mode() == Receiving.Mode.CREATE_NEW
                        ? Publisher.IfTaken.LEAVE
                        : Publisher.IfTaken.REPLACE);
    }

    private void deleteStaging() {
        try {
            Files.deleteIfExists(opening.staging());
        } catch (IOException e) {
            LOG.warn("A staging file of transfer {} stays until the next start", opening.transfer(), e);
        }
    }

    @Override
    public void abort(ErrorCode code, String reason) {
        if (state == State.ENDED) {
            return;
        }
        if (state == State.OPEN) {
            leaveWithoutFile();
            String by = cancelledBy;
            // What went wrong here is why the partner's upload ended, whoever said the last word.
            SeraiException known = code == ErrorCode.PARTNER_ABORT ? failure : null;
            ErrorCode ended = known == null ? code : known.code();
            ErrorCode why = by == null ? ended : ErrorCode.CANCELLED;
            String text = by == null ? reason : "cancelled by " + by;
            services.foundation().ledger().write(entry(standing(endState(why), null, why, text), null));
            LOG.info("Transfer {} ended without a file: {}: {}", opening.transfer(), why, text);
        }
        end();
    }

    private static TransferState endState(ErrorCode code) {
        if (code == ErrorCode.CANCELLED) {
            return TransferState.CANCELLED;
        }
        return code.kind() == ErrorKind.PARTNER ? TransferState.ABORTED : TransferState.FAILED;
    }

    private void leaveWithoutFile() {
        try {
            unlinkContent();
            file.cutAtHole(opening.staging());
            keepOrDelete();
        } catch (NoSuchFileException e) {
            LOG.debug("The bytes of transfer {} were taken over by a recovery", opening.transfer());
        } catch (IOException e) {
            LOG.warn("The bytes of transfer {} stay in staging until this node's next start", opening.transfer(), e);
        }
    }

    private void unlinkContent() throws IOException {
        if (linked) {
            Files.deleteIfExists(services.foundation().root().content(opening.transfer()));
        }
    }

    private void keepOrDelete() throws IOException {
        if (opening.destination() instanceof Destination.Home) {
            services.parts().keep(opening.name(), opening.staging(), Files.size(opening.staging()), Parts.Writer.GONE);
        } else {
            Files.deleteIfExists(opening.staging());
        }
    }

    @Override
    public void cancel() {
        cancel("an operator");
    }

    @Override
    public void cancel(String by) {
        cancelledBy = by;
    }

    @Override
    public void breakOff(String reason) {
        brokenOff = reason;
    }

    @Override
    public void close() {
        SeraiException known = failure;
        if (known == null) {
            abort(ErrorCode.PARTNER_ABORT, "it was closed before it was complete");
        } else {
            abort(known.code(), known.text());
        }
    }

    private void end() {
        boolean ours = state != State.GIVEN_AWAY;
        state = State.ENDED;
        if (registration != null) {
            registration.close();
        }
        if (opening.destination() instanceof Destination.Home home) {
            services.openUploads().closed(home.target());
        }
        try {
            file.close();
            if (ours) {
                file.removeMark();
                if (opening.name().base() > 0) {
                    StagingName.removeBase(opening.staging());
                }
            }
        } catch (IOException e) {
            LOG.warn("The staging file of transfer {} did not close", opening.transfer(), e);
        }
    }

    private void requireOpen() {
        String by = cancelledBy;
        if (by != null) {
            throw fail(new SeraiException(
                    ErrorCode.CANCELLED, opening.destination().description() + " was cancelled by " + by));
        }
        String why = brokenOff;
        if (why != null) {
            throw fail(new SeraiException(
                    ErrorCode.PARTNER_ABORT, opening.destination().description() + " was broken off: " + why));
        }
        if (state != State.OPEN) {
            throw new SeraiException(
                    ErrorCode.NO_SESSION, opening.destination().description() + " has ended; open it again");
        }
    }

    private SeraiException fail(SeraiException e) {
        if (e.kind() == ErrorKind.FENCED) {
            state = State.GIVEN_AWAY;
        }
        failure = e;
        return e;
    }

    private void reached(CommitSteps.Step step) {
        services.steps().reached(step);
    }

    @Override
    public Optional<TransferRow> row() {
        return Optional.of(opening.destination().row(standing(TransferState.RUNNING, null, null, null)));
    }

    private Destination.Standing standing(
            TransferState to, @Nullable String sha256, @Nullable ErrorCode code, @Nullable String text) {
        return new Destination.Standing(
                opening.transfer(), fileId, opening.token().node(), to, file.held(), sha256, code, text, started);
    }

    private TransferTable.Entry entry(Destination.Standing standing, @Nullable Long contentSeconds) {
        long age = Duration.between(started, services.foundation().clock().instant())
                .toMillis();
        return new TransferTable.Entry(opening.destination().row(standing), opening.token(), age, contentSeconds);
    }
}
