package io.serai.cluster.storage;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a file that is coming in: they may be written in any order within a bounded hole, are hashed while they
 * stream and brought to the disk in the background, so that the sync at the end is short. One thread at a time writes;
 * {@link #held} may be asked by any.
 */
final class StagedFile implements AutoCloseable {
    private static final int ISLANDS = 1024;

    private final FileChannel channel;
    private final ByteRanges ranges;
    private final RunningHash hash;
    private final Executor background;
    private final StorageSettings settings;
    private final SafeMark mark;
    private @Nullable FutureTask<Boolean> sync;
    private long unsynced;
    private volatile long held;

    /**
     * @param held how many bytes the file has already
     * @param path where the file lies
     */
    StagedFile(FileChannel channel, long held, Path path, Executor background, StorageSettings settings)
            throws IOException {
        this.mark = new SafeMark(path);
        this.channel = channel;
        this.ranges = new ByteRanges(held);
        this.hash = new RunningHash(channel);
        this.background = background;
        this.settings = settings;
        this.held = held;
        if (held > 0) {
            background.execute(() -> hashWhatIsHeld(held));
            syncInBackground();
        }
    }

    /** One behind the last byte that is held. */
    long held() {
        return held;
    }

    void write(ByteBuffer data, long offset) throws IOException {
        int count = data.remaining();
        refuseWideHole(offset);
        if (offset > ranges.contiguousEnd() && !ranges.hasHole()) {
            mark.gapAt(ranges.contiguousEnd());
        }
        ByteBuffer copy = data.duplicate();
        long position = offset;
        while (data.hasRemaining()) {
            position += channel.write(data, position);
        }
        ranges.add(offset, offset + count);
        if (!ranges.hasHole()) {
            mark.gapless();
        }
        held = ranges.end();
        hash.written(copy, offset, ranges.contiguousEnd());
        unsynced += count;
        if (unsynced >= settings.syncEveryBytes()) {
            syncInBackground();
        }
    }

    boolean hasHole() {
        return ranges.hasHole();
    }

    /** Makes the bytes so far durable, so that even a crash of the machine leaves them to be resumed. */
    void force() throws IOException {
        sync();
        mark.synced(ranges.contiguousEnd());
    }

    /** Makes the bytes so far durable. */
    void sync() throws IOException {
        awaitBackgroundSync();
        channel.force(true);
        unsynced = 0;
    }

    /** The hash of all bytes. */
    String sha256() throws IOException {
        return hash.finish(held);
    }

    /** Cuts off whatever lies behind the first hole, and makes the rest durable. */
    void cutAtHole(Path file) throws IOException {
        held = ranges.contiguousEnd();
        if (channel.isOpen()) {
            channel.truncate(held);
            sync();
            return;
        }
        // An interrupted thread closes the channel that it uses.
        try (FileChannel again = StorageRoot.openForWriting(file)) {
            again.truncate(held);
            again.force(true);
        }
    }

    /** Removes the mark; when the file has another name, or none. */
    void removeMark() throws IOException {
        mark.remove();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void refuseWideHole(long offset) {
        if (offset < 0 || offset > held + settings.maxHoleBytes() || ranges.islands() >= ISLANDS) {
            throw new SeraiException(
                    ErrorCode.BAD_OFFSET,
                    "A write at byte " + offset + " is refused: " + held + " bytes are held, and a gap may have "
                            + settings.maxHoleBytes() + " bytes at most");
        }
    }

    private void hashWhatIsHeld(long until) {
        try {
            while (hash.readBackSome(until)) {
                Thread.onSpinWait();
            }
        } catch (IOException e) {
            // Only work done ahead of time: the commit reads the same bytes again and reports what is wrong with them.
            return;
        }
    }

    private void syncInBackground() throws IOException {
        if (sync != null && !sync.isDone()) {
            return;
        }
        awaitBackgroundSync();
        unsynced = 0;
        long safe = ranges.contiguousEnd();
        FutureTask<Boolean> task = new FutureTask<>(() -> {
            channel.force(false);
            mark.synced(safe);
            return Boolean.TRUE;
        });
        background.execute(task);
        sync = task;
    }

    /** A failed sync must fail the commit: the system reports each lost page only once. */
    private void awaitBackgroundSync() throws IOException {
        if (sync == null) {
            return;
        }
        try {
            // Does nothing where it runs or ran; where it still waits its turn, nobody waits for others' files.
            sync.run();
            sync.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the storage was writing", e);
        } catch (java.util.concurrent.ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        }
    }

    /** Copies the first bytes of a file into an empty one. */
    static void copy(FileChannel source, long sizeBytes, FileChannel target) throws IOException {
        long position = 0;
        while (position < sizeBytes) {
            long count = source.transferTo(position, sizeBytes - position, target.position(position));
            if (count <= 0) {
                throw new IOException("the file became shorter while it was copied");
            }
            position += count;
        }
    }
}
