package io.serai.cluster.storage;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which names are being uploaded to at the moment, so that two sessions never go on with the same bytes: on this node
 * from memory, on others by the names in their folders of staging. Also the order of commits to one name.
 */
final class OpenUploads {
    private static final Logger LOG = LoggerFactory.getLogger(OpenUploads.class);
    private static final int STRIPES = 256;

    private final StorageRoot root;
    private final Map<StagingName.Target, Integer> open = new ConcurrentHashMap<>();
    private final Map<Long, EpochLock> epochs = new HashMap<>();
    private final ReentrantLock[] commits =
            Stream.generate(ReentrantLock::new).limit(STRIPES).toArray(ReentrantLock[]::new);

    OpenUploads(StorageRoot root) {
        this.root = root;
    }

    /**
     * Registers an upload.
     *
     * @throws SeraiException {@code LOCKED} when it wants to resume what another session is uploading
     */
    void open(StagingName.Target target, Receiving.Mode mode, long epoch) {
        open.compute(target, (name, count) -> {
            if (count != null && mode == Receiving.Mode.RESUME) {
                throw locked();
            }
            return count == null ? 1 : count + 1;
        });
        if (mode == Receiving.Mode.RESUME) {
            try {
                refuseWhenOpenElsewhere(target, epoch);
            } catch (IOException e) {
                closed(target);
                throw FileErrors.of(e, "Running uploads cannot be listed");
            } catch (RuntimeException e) {
                closed(target);
                throw e;
            }
        }
    }

    void closed(StagingName.Target target) {
        open.computeIfPresent(target, (name, count) -> count == 1 ? null : count - 1);
    }

    /** The lock of whoever records and publishes an upload of that name. */
    ReentrantLock commitLock(StagingName.Target target) {
        return commits[Math.floorMod(target.hashCode(), STRIPES)];
    }

    /** Makes this epoch's folder in staging, and takes its lock. */
    synchronized void makeFolder(long epoch) throws IOException {
        if (!epochs.containsKey(epoch)) {
            StorageRoot.makeFolder(root.active(epoch));
            StorageRoot.sync(root.active());
            epochs.put(epoch, EpochLock.take(root.active(epoch)));
        }
    }

    /** Gives the locks back; nothing of this process is open any more. */
    synchronized void close() {
        for (EpochLock lock : epochs.values()) {
            try {
                lock.close();
            } catch (IOException e) {
                LOG.debug("A lock is given back when this process ends", e);
            }
        }
        epochs.clear();
    }

    private void refuseWhenOpenElsewhere(StagingName.Target target, long epoch) throws IOException {
        try (DirectoryStream<Path> epochs = Files.newDirectoryStream(root.active())) {
            for (Path folder : epochs) {
                if (!folder.equals(root.active(epoch)) && holds(folder, target)) {
                    throw locked();
                }
            }
        }
    }

    private static boolean holds(Path folder, StagingName.Target target) throws IOException {
        String prefix = target + "~";
        DirectoryStream.Filter<Path> wanted =
                file -> file.getFileName().toString().startsWith(prefix);
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, wanted)) {
            return found.iterator().hasNext();
        } catch (java.nio.file.NoSuchFileException e) {
            return false;
        }
    }

    private static SeraiException locked() {
        return new SeraiException(
                ErrorCode.LOCKED, "Another session is uploading this file; it can be resumed when that one has ended");
    }
}
