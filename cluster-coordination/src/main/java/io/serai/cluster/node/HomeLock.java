package io.serai.cluster.node;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The exclusive lock on {@code <home>/run/lock}: one server a home. The kernel gives it up when the process dies, so
 * whoever holds it knows that the process of the former boot on this home is gone.
 */
public final class HomeLock implements AutoCloseable {
    private static final Path KERNEL_BOOT = Path.of("/proc/sys/kernel/random/boot_id");

    private final Path folder;
    private final FileChannel channel;
    private final Optional<UUID> formerBoot;

    private HomeLock(Path folder, FileChannel channel) throws IOException {
        this.folder = folder;
        this.channel = channel;
        this.formerBoot = readBoot(folder);
    }

    /** Takes the lock, or fails and names the process that holds it. */
    public static HomeLock acquire(Path home) {
        Path folder = home.resolve("run");
        try {
            Files.createDirectories(folder);
            FileChannel channel = FileChannel.open(
                    folder.resolve("lock"),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                String holder = readPid(channel);
                channel.close();
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "another server (process " + holder + ") runs on the home " + home
                                + ": stop it, or choose another home with --home");
            }
            writePid(channel);
            return new HomeLock(folder, channel);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "the home " + home + " cannot be locked: " + e, e);
        }
    }

    /**
     * The boot that was recorded last on this home, if its process is certainly dead: it ran on this boot of this machine
     * and held the lock that this process holds now. A home that was copied to another machine proves nothing.
     */
    public Optional<UUID> formerBoot() {
        return formerBoot;
    }

    /** Records this process' boot, durably; call this before the node registers. */
    public void recordBoot(UUID bootId) {
        Path draft = folder.resolve("boot.draft");
        try {
            try (FileChannel file = FileChannel.open(
                    draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                write(file, bootId + "\n" + place(folder) + "\n");
                file.force(true);
            }
            Files.move(draft, folder.resolve("boot"), StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
                directory.force(true);
            }
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.NO_SPACE, "the boot cannot be recorded in " + folder + ": " + e, e);
        }
    }

    /** Gives the lock up; the files stay. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.DEFECT, "the lock in " + folder + " cannot be given up: " + e, e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    private static String readPid(FileChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(20);
        channel.read(bytes, 0);
        String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII).strip();
        return text.isEmpty() ? "unknown" : text;
    }

    private static void writePid(FileChannel channel) throws IOException {
        channel.truncate(0);
        write(channel, ProcessHandle.current().pid() + "\n");
    }

    private static void write(FileChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static Optional<UUID> readBoot(Path folder) throws IOException {
        Path file = folder.resolve("boot");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        try {
            return lines.size() == 2 && lines.get(1).equals(place(folder))
                    ? Optional.of(UUID.fromString(lines.get(0).strip()))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** This boot of this machine, and this very lock file. */
    private static String place(Path folder) throws IOException {
        Object key = Files.readAttributes(folder.resolve("lock"), BasicFileAttributes.class)
                .fileKey();
        String machine;
        try {
            machine = Files.readString(KERNEL_BOOT, StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            // Never the same: without the kernel's word nothing is proven.
            machine = "unknown-" + UUID.randomUUID();
        }
        return machine + " " + key;
    }
}
