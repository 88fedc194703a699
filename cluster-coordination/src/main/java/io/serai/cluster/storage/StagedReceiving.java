package io.serai.cluster.storage;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.ledger.LedgerWriter;
import io.serai.cluster.ledger.RunningTransfers;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives files through staging. The order of a commit, and what a crash after each step leads to:
 *
 * <ol>
 *   <li>The bytes are synced in staging. Crash: the bytes become a part.
 *   <li>The content gets its hard link, synced. Crash: the link is removed, the bytes become a part.
 *   <li>One transaction, guarded by the fence: the ledger row, the events. From here on the file has arrived.
 *   <li>The staging file is renamed to its visible name, the folder is synced. Crash before: recovery renames.
 *   <li>The ledger notes the renaming, a little later.
 * </ol>
 *
 * <p>When step 4 fails the partner still gets its OK, because the file is durable and routed; the {@link Publisher} goes
 * on trying. A node whose lease has ended in between does not rename: whoever takes over does, unless a later upload has
 * the name by then. Two uploads of the same name that are committed through one node become visible in the order of their
 * transactions; through two nodes at the same moment, either of them may stay.
 */
public final class StagedReceiving implements Receiving {
    private static final Logger LOG = LoggerFactory.getLogger(StagedReceiving.class);

    private final ReceivingServices services;
    private final ExecutorService background;

    /**
     * @param subscriptions which events an arrival makes; called inside the committing transaction, so it must be quick
     *     and not use the database
     */
    public StagedReceiving(
            Foundation foundation, Function<Received, List<NewEvent>> subscriptions, StorageSettings settings) {
        this(foundation, subscriptions, settings, CommitSteps.UNWATCHED);
    }

    StagedReceiving(
            Foundation foundation,
            Function<Received, List<NewEvent>> subscriptions,
            StorageSettings settings,
            CommitSteps steps) {
        this.background = Executors.newFixedThreadPool(2, task -> {
            Thread thread = new Thread(task, "storage-background");
            thread.setDaemon(true);
            return thread;
        });
        ArrivalRecorder recorder =
                new ArrivalRecorder(foundation.database(), foundation.queue(), subscriptions, settings.settleWithin());
        this.services = new ReceivingServices(
                foundation,
                recorder,
                new Parts(foundation.root()),
                new OpenUploads(foundation.root()),
                new HomeUsage(foundation.root(), foundation.clock()),
                settings,
                steps);
    }

    /** What receiving stands on. */
    public record Foundation(
            StorageRoot root,
            Database database,
            Fence fence,
            EventQueue queue,
            Publisher publisher,
            RunningTransfers running,
            LedgerWriter ledger,
            InstantSource clock) {}

    /** Waits for work in the background; open files must have been closed before. Idempotent. */
    public void stop() {
        background.shutdown();
        try {
            if (!background.awaitTermination(10, TimeUnit.SECONDS)) {
                background.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        services.openUploads().close();
    }

    @Override
    public Incoming receive(Upload upload) {
        FencingToken token = services.foundation().fence().token();
        Optional<BasicFileAttributes> visible = lookAtName(upload);
        StagingName.Target target = StagingName.Target.of(upload.account(), upload.path());
        TransferId transfer = upload.transfer().orElseGet(TransferId::random);
        StagingName fresh = StagingName.upload(target, transfer);
        Path staging = services.foundation().root().active(token.epoch()).resolve(fresh.toString());
        if (upload.transfer().isPresent()) {
            refuseUsed(transfer, staging);
        }
        services.openUploads().open(target, upload.mode(), token.epoch());
        try {
            services.openUploads().makeFolder(token.epoch());
            StagingName name = upload.mode() == Mode.RESUME ? resume(upload, fresh, staging) : fresh;
            FileChannel channel =
                    Files.exists(staging) ? StorageRoot.openForWriting(staging) : StorageRoot.create(staging);
            Destination destination = new Destination.Home(upload, target);
            return open(
                    new IncomingFile.Opening(destination, name, token, staging, mostBytes(upload, visible)),
                    channel,
                    name.base());
        } catch (IOException e) {
            giveBack(upload.mode(), fresh, staging);
            throw services.foundation().root().failure(e, "The upload of " + upload.path() + " cannot begin");
        } catch (RuntimeException e) {
            giveBack(upload.mode(), fresh, staging);
            throw e;
        }
    }

    /** An id that comes from outside may come twice; what arrived by it is not to be touched. */
    private void refuseUsed(TransferId transfer, Path staging) {
        Path content = services.foundation().root().content(transfer);
        if (Files.exists(content, LinkOption.NOFOLLOW_LINKS) || Files.exists(staging, LinkOption.NOFOLLOW_LINKS)) {
            throw new SeraiException(ErrorCode.INVALID, "Transfer " + transfer + " was begun before");
        }
    }

    /** An upload that could not begin must not have taken the part away. */
    private void giveBack(Mode mode, StagingName name, Path staging) {
        try {
            if (Files.exists(staging)) {
                // A part that was taken may be empty; what else is empty was never more than a name.
                if (mode == Mode.RESUME || Files.size(staging) > 0) {
                    services.parts().keep(name.withNotedBase(staging), staging, Files.size(staging), Parts.Writer.GONE);
                } else {
                    Files.delete(staging);
                }
            }
            StagingName.removeBase(staging);
        } catch (IOException e) {
            LOG.warn("A part stays in staging until this node's next start", e);
        } finally {
            services.openUploads().closed(name.target().orElseThrow());
        }
    }

    @Override
    public Incoming receive(Pull pull) {
        return receiveForRoute(new Destination.Fetch(pull));
    }

    @Override
    public Incoming receive(Monitored monitored) {
        return receiveForRoute(new Destination.Taken(monitored));
    }

    private Incoming receiveForRoute(Destination destination) {
        FencingToken token = services.foundation().fence().token();
        TransferId transfer = TransferId.random();
        try {
            services.openUploads().makeFolder(token.epoch());
            StagingName name = StagingName.pull(transfer);
            Path staging = services.foundation().root().active(token.epoch()).resolve(name.toString());
            return open(
                    new IncomingFile.Opening(destination, name, token, staging, IncomingFile.Bounds.NONE),
                    StorageRoot.create(staging),
                    0);
        } catch (IOException e) {
            throw StorageRoot.ownFailure(e, destination.description() + " cannot begin");
        }
    }

    private Incoming open(IncomingFile.Opening opening, FileChannel channel, long held) throws IOException {
        try {
            opening.bounds().check(held, opening.destination().description());
            StagedFile file = new StagedFile(channel, held, opening.staging(), background, services.settings());
            IncomingFile incoming = new IncomingFile(opening, file, services);
            incoming.register();
            services.steps().reached(CommitSteps.Step.OPENED);
            return incoming;
        } catch (RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** What has the name now; refuses what can never become this upload. */
    private Optional<BasicFileAttributes> lookAtName(Upload upload) {
        if (upload.path().isRoot()) {
            throw new SeraiException(ErrorCode.IS_A_FOLDER, "The home folder is not a file");
        }
        Path name = services.foundation().root().locate(upload.account(), upload.path());
        Optional<BasicFileAttributes> visible = StorageRoot.look(name);
        services.refuseName(upload, visible);
        return visible;
    }

    /** Puts what is to be continued under that staging name, which says then how many bytes that is. */
    private StagingName resume(Upload upload, StagingName fresh, Path staging) throws IOException {
        StagingName.Target target = fresh.target().orElseThrow();
        Optional<Parts.Part> part = services.parts().find(target);
        if (part.isPresent()) {
            StagingName name = fresh.behind(part.get().sizeBytes());
            name.noteBase(staging);
            if (services.parts().take(target, part.get(), staging)) {
                return name;
            }
            StagingName.removeBase(staging);
        }
        Path visible = services.foundation().root().locate(upload.account(), upload.path());
        try {
            if (StorageRoot.look(visible).isPresent()) {
                StagingName name = fresh.behind(Files.size(visible));
                name.noteBase(staging);
                Parts.copy(visible, name.base(), staging);
                return name;
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} has just been removed", upload.path());
            StagingName.removeBase(staging);
        }
        return fresh;
    }

    private IncomingFile.Bounds mostBytes(Upload upload, Optional<BasicFileAttributes> visible) throws IOException {
        long quotaLeft = Long.MAX_VALUE;
        if (upload.quotaBytes().isPresent()) {
            long used = services.usage().bytes(upload.account());
            long replaced = visible.map(BasicFileAttributes::size).orElse(0L);
            quotaLeft = Math.max(0, upload.quotaBytes().getAsLong() - used + replaced);
        }
        return new IncomingFile.Bounds(upload.maxBytes().orElse(Long.MAX_VALUE), quotaLeft);
    }
}
