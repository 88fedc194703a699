package io.serai.route.monitor;

import io.serai.cluster.database.SqlAction;
import io.serai.cluster.monitor.MonitorRoots;
import io.serai.cluster.monitor.MonitoredFile;
import io.serai.cluster.monitor.MonitoredFiles;
import io.serai.cluster.monitor.MonitoredFolder;
import io.serai.cluster.storage.Incoming;
import io.serai.cluster.storage.Receiving;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One holder's looks through a folder. A file that has not changed for long enough is copied into the kept content; the
 * transaction that makes its event also records it and is guarded by the lease, so that neither a second look, another
 * node nor a holder whose lease has ended makes a second event. One thread looks; any may stop it.
 */
final class FolderLook {
    private static final Logger LOG = LoggerFactory.getLogger(FolderLook.class);
    private static final int BATCH = 500;
    private static final int MOST_OWED = 1000;
    private static final int MOST_PASSED_OVER = 1000;
    private static final int BUFFER_BYTES = 256 << 10;
    private static final Duration AFTER_FAILURE = Duration.ofMinutes(1);
    private static final Duration FORGET_AFTER = Duration.ofDays(7);

    private final MonitorPlan plan;
    private final MonitorRoots roots;
    private final Receiving receiving;
    private final MonitoredFiles files;
    private final MonitorCounts counts;
    private final SqlAction guard;
    private final SeenFiles seen;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final AtomicReference<@Nullable Incoming> taking = new AtomicReference<>();
    private final Set<String> passedOver = new HashSet<>();
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);

    /** What looks of all routes use. */
    record Means(MonitorRoots roots, Receiving receiving, MonitoredFiles files, MonitorCounts counts) {}

    /** @param guard what the transaction begins with: the lease's guard */
    FolderLook(MonitorPlan plan, Means means, SqlAction guard, SeenFiles seen) {
        this.plan = plan;
        this.roots = means.roots();
        this.receiving = means.receiving();
        this.files = means.files();
        this.counts = means.counts();
        this.guard = guard;
        this.seen = seen;
    }

    boolean isStopped() {
        return stopped.getCount() == 0;
    }

    /** Ends the look; a file that is being taken is given up. */
    void stop() {
        stopped.countDown();
        Incoming running = taking.get();
        if (running != null) {
            running.cancel();
        }
    }

    void pause(long time, TimeUnit unit) {
        try {
            var unused = stopped.await(time, unit);
        } catch (InterruptedException e) {
            stopped.countDown();
            Thread.currentThread().interrupt();
        }
    }

    /** Looks through the folder once, and takes what is to be taken. */
    void once() throws IOException {
        MonitoredFolder folder = folder();
        settleOwed(folder);
        seen.beginLook();
        Looking looking = new Looking(folder);
        folder.visit(plan.depth(), plan::enters, looking);
        takeStable(folder, looking.batch);
        if (!isStopped()) {
            seen.endLook();
            passedOver.retainAll(looking.passedOver);
            counts.looked(plan.route(), looking.wanted);
        }
    }

    /** What one look has seen. */
    private final class Looking implements MonitoredFolder.Visitor {
        private final MonitoredFolder folder;
        private final List<MonitoredFile> batch = new ArrayList<>();
        private final Set<String> passedOver = new HashSet<>();
        private long wanted;

        Looking(MonitoredFolder folder) {
            this.folder = folder;
        }

        @Override
        public boolean file(MonitoredFile file) {
            if (plan.wants(file.path())) {
                wanted++;
                if (!seen.isTaken(file)) {
                    batch.add(file);
                }
                if (batch.size() >= BATCH) {
                    takeStable(folder, batch);
                    batch.clear();
                }
            }
            return !isStopped();
        }

        @Override
        public void unnameable(String path) {
            if (plan.wants(path)) {
                passOver(path, "is not taken: its name is not text in the node's character set (UTF-8); rename it");
            }
        }

        @Override
        public void unreadable(String path, String reason) {
            passOver(path, "cannot be looked through: " + reason);
        }

        /** Said and counted once as long as it stays so. */
        private void passOver(String path, String why) {
            if (passedOver.size() < MOST_PASSED_OVER) {
                passedOver.add(path);
            }
            Set<String> known = FolderLook.this.passedOver;
            if (known.size() < MOST_PASSED_OVER && known.add(path)) {
                counts.failed();
                LOG.warn("Route {}: {} {}; the others are taken", plan.route(), printable(path), why);
            }
        }
    }

    private MonitoredFolder folder() throws IOException {
        Path unused = roots.require(plan.folder()); // says what is wrong with it
        return roots.folder(plan.folder());
    }

    private void takeStable(MonitoredFolder folder, List<MonitoredFile> batch) {
        List<MonitoredFile> unknown =
                batch.stream().filter(file -> !seen.isWatched(file)).toList();
        Set<MonitoredFile> known = files.alreadyTaken(plan.route(), unknown);
        for (MonitoredFile file : batch) {
            if (isStopped()) {
                return;
            }
            if (known.contains(file)) {
                seen.take(file);
            } else if (seen.watch(file, plan.stable())) {
                take(folder, file);
            }
        }
    }

    /** What concerns this file alone must not keep the others from being taken. */
    private void take(MonitoredFolder folder, MonitoredFile file) {
        try {
            copyAndCommit(folder, file);
            counts.took();
            seen.take(file);
            if (plan.afterwards() != Afterwards.KEEP) {
                settle(folder, file);
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            LOG.debug("Route {}: {} is gone", plan.route(), file.path());
        } catch (IOException e) {
            LOG.warn("Route {}: {} cannot be taken: {}; tried again", plan.route(), printable(file), e.toString());
            counts.failed();
            seen.postpone(file, AFTER_FAILURE);
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.CONFLICT) {
                seen.take(file); // taken before, which this holder did not know
            } else if (e.code() == ErrorCode.CHANGED) {
                LOG.debug("Route {}: {} changes still", plan.route(), file.path());
                seen.postpone(file, Duration.ZERO);
            } else {
                throw e;
            }
        }
    }

    private void copyAndCommit(MonitoredFolder folder, MonitoredFile file) throws IOException {
        boolean owing = plan.afterwards() != Afterwards.KEEP;
        Receiving.Monitored monitored = new Receiving.Monitored(
                plan.route(), plan.folder().resolve(file.path()).toString(), (connection, received) -> {
                    guard.run(connection);
                    if (!files.record(connection, plan.route(), file, received.transfer(), received.sha256(), owing)) {
                        throw new SeraiException(ErrorCode.CONFLICT, file.path() + " was taken before");
                    }
                });
        // What cannot be read has no line in the ledger.
        try (ReadableByteChannel source = folder.read(file.path());
                Incoming incoming = receiving.receive(monitored)) {
            taking.set(incoming);
            try {
                if (isStopped()) {
                    throw new SeraiException(ErrorCode.CANCELLED, "the monitor stops");
                }
                copy(source, file, incoming);
                requireUnchanged(folder, file);
                incoming.commit();
            } catch (SeraiException e) {
                if (e.kind() != ErrorKind.FENCED) {
                    incoming.abort(e.code(), e.text());
                }
                throw e;
            } finally {
                taking.set(null);
            }
            LOG.info(
                    "Transfer {}: taken {} from {}, {} bytes",
                    incoming.transfer(),
                    printable(file),
                    plan.folder(),
                    file.sizeBytes());
        }
    }

    /** Exactly the bytes that were seen: a file that changes while it is read is not taken, nor read any further. */
    private void copy(ReadableByteChannel source, MonitoredFile file, Incoming incoming) throws IOException {
        long at = 0;
        for (buffer.clear(); source.read(buffer) >= 0; buffer.clear()) {
            buffer.flip();
            int got = buffer.remaining();
            if (at + got > file.sizeBytes()) {
                throw changed(file);
            }
            incoming.write(buffer, at);
            at += got;
        }
        if (at != file.sizeBytes()) {
            throw changed(file);
        }
    }

    private static void requireUnchanged(MonitoredFolder folder, MonitoredFile file) throws IOException {
        if (folder.look(file.path()).filter(file::equals).isEmpty()) {
            throw changed(file);
        }
    }

    private static SeraiException changed(MonitoredFile file) {
        return new SeraiException(ErrorCode.CHANGED, file.path() + " changed while it was taken");
    }

    // ---- afterwards ----

    private void settleOwed(MonitoredFolder folder) {
        for (MonitoredFile file : files.owed(plan.route(), MOST_OWED)) {
            if (isStopped()) {
                return;
            }
            settle(folder, file);
        }
    }

    /** Deletes or moves what was taken, if the folder still has just that; done by another is done as well. */
    private void settle(MonitoredFolder folder, MonitoredFile file) {
        try {
            if (folder.look(file.path()).filter(file::equals).isPresent()) {
                switch (plan.afterwards()) {
                    case KEEP -> {}
                    case DELETE -> folder.delete(file.path());
                    case MOVE -> move(folder, file);
                }
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            LOG.debug("Route {}: {} is gone", plan.route(), file.path());
        } catch (IOException e) {
            counts.failed();
            LOG.warn(
                    "Route {}: {} was taken, but cannot be {}: {}; tried again at the next look",
                    plan.route(),
                    printable(file),
                    plan.afterwards() == Afterwards.DELETE ? "deleted" : "moved",
                    e.toString());
            return;
        }
        files.afterwardsDone(plan.route(), file);
    }

    /** Where the name is taken already, the file gets its time added. */
    private void move(MonitoredFolder folder, MonitoredFile file) throws IOException {
        MonitoredFolder target = roots.folder(plan.moveTo());
        try {
            folder.move(file.path(), target, file.name());
        } catch (FileAlreadyExistsException e) {
            folder.move(file.path(), target, file.name() + "." + file.modifiedMillis());
        }
    }

    /** Files that are long gone from the folder need not be remembered. */
    void forgetGone() throws IOException {
        MonitoredFolder folder = folder();
        String after = "";
        List<MonitoredFile> old = files.takenBefore(plan.route(), FORGET_AFTER, after, BATCH);
        while (!old.isEmpty() && !isStopped()) {
            for (MonitoredFile file : old) {
                if (isGone(folder, file)) {
                    files.forget(plan.route(), file);
                }
                after = file.path();
            }
            old = files.takenBefore(plan.route(), FORGET_AFTER, after, BATCH);
        }
    }

    private static boolean isGone(MonitoredFolder folder, MonitoredFile file) throws IOException {
        try {
            return folder.look(file.path()).filter(file::equals).isEmpty();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return true;
        }
    }

    private static String printable(MonitoredFile file) {
        return printable(file.path());
    }

    private static String printable(String path) {
        return path.replaceAll("\\p{Cntrl}", "?");
    }
}
