package io.serai.cluster.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says with certainty that the process which owned an epoch's folder in staging is gone, where that can be known: on
 * the same boot of the same machine, by a lock that the system takes back when the process ends, and not when it is
 * frozen. Anywhere else the answer is that it may be alive.
 */
final class EpochLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EpochLock.class);
    private static final String NAME = "owner.lock";
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

    private final FileChannel channel;

    private EpochLock(FileChannel channel) {
        this.channel = channel;
    }

    /** Takes the lock of this process's own folder, until {@link #close} or the end of the process. */
    static EpochLock take(Path folder) throws IOException {
        FileChannel channel = FileChannel.open(
                folder.resolve(NAME),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                StorageRoot.FILE_MODE);
        try {
            channel.lock();
            channel.write(ByteBuffer.wrap(boot().getBytes(StandardCharsets.US_ASCII)), 0);
            channel.force(true);
            return new EpochLock(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** What ended the owner of a folder. */
    static SafeMark.Crash crashOf(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        try {
            String boot = Files.readString(file, StandardCharsets.US_ASCII);
            return !boot.isEmpty() && boot.equals(boot()) && isFree(file)
                    ? SafeMark.Crash.OF_THE_PROCESS
                    : SafeMark.Crash.OF_UNKNOWN_KIND;
        } catch (NoSuchFileException e) {
            return SafeMark.Crash.OF_UNKNOWN_KIND;
        }
    }

    private static boolean isFree(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.tryLock()) {
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private static String boot() {
        try {
            return Files.readString(BOOT, StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            LOG.debug("This system does not name its boot; parts that a crash leaves are trusted less", e);
            return "";
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
