package io.serai.cluster.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The kept parts of interrupted uploads: one for an account and path, the latest. A part that came from a node which
 * may still be alive (frozen, cut off) has the suffix {@code ~left}: that node might write to it yet. A mark beside it
 * says how many of its bytes count, and who resumes it goes on with a copy of these. Moves are atomic, so that of two
 * who want to resume the same part one gets it.
 *
 * <p>The last byte of a part does not count. A client whose connection broke after its last byte, but before we said
 * that the file is safe, asks for the size when it comes again; lftp takes the full size for a finished upload and tells
 * its user so, while the file has no name. One byte less, and it must send that byte and await our word.
 */
final class Parts {
    private static final String LEFT = "~left";

    private final StorageRoot root;

    Parts(StorageRoot root) {
        this.root = root;
    }

    /** A kept part; only so many bytes of the file count. */
    record Part(Path file, long sizeBytes, BasicFileAttributes attributes, Writer writer) {}

    /** Whether whoever wrote a part is certainly done with it. */
    enum Writer {
        GONE,
        MAY_BE_ALIVE
    }

    Optional<Part> find(StagingName.Target target) {
        return Stream.of(Writer.values())
                .flatMap(writer -> find(file(target, writer), writer).stream())
                .max(Comparator.comparing((Part part) -> part.attributes().lastModifiedTime()));
    }

    private static Optional<Part> find(Path file, Writer writer) {
        return StorageRoot.look(file)
                .filter(BasicFileAttributes::isRegularFile)
                .map(found -> new Part(file, Math.max(0, size(file, found.size(), writer) - 1), found, writer));
    }

    private static long size(Path file, long sizeBytes, Writer writer) {
        if (writer == Writer.GONE) {
            return sizeBytes;
        }
        try {
            return SafeMark.trusted(file, sizeBytes, SafeMark.Crash.OF_UNKNOWN_KIND);
        } catch (IOException e) {
            throw FileErrors.of(e, "A kept part cannot be read");
        }
    }

    /**
     * Makes the file the kept part in place of an earlier one. An empty file is kept too: clients that resume (OpenSSH's
     * {@code reput}) look for the name that they had opened, and begin at byte 0 when they find it.
     */
    void keep(StagingName.Target target, Path file) throws IOException {
        Files.move(file, file(target, Writer.GONE), StandardCopyOption.ATOMIC_MOVE);
        StorageRoot.sync(root.parts());
        dropLeft(target);
    }

    /** The same for a file that may still be written to, of which only so many bytes count. */
    void keepLeft(StagingName.Target target, Path file, long sizeBytes) throws IOException {
        Path name = file(target, Writer.MAY_BE_ALIVE);
        new SafeMark(name).synced(sizeBytes);
        Files.move(file, name, StandardCopyOption.ATOMIC_MOVE);
        StorageRoot.sync(root.parts());
        Files.deleteIfExists(file(target, Writer.GONE));
    }

    void drop(StagingName.Target target) throws IOException {
        Files.deleteIfExists(file(target, Writer.GONE));
        dropLeft(target);
    }

    private void dropLeft(StagingName.Target target) throws IOException {
        Path left = file(target, Writer.MAY_BE_ALIVE);
        if (Files.deleteIfExists(left)) {
            SafeMark.removeBeside(left);
        }
    }

    /** Moves the part to that name, where it can be written to; false when there is none, or another took it. */
    boolean take(StagingName.Target target, Path name) throws IOException {
        Optional<Part> part = find(target);
        if (part.isEmpty()) {
            return false;
        }
        try {
            if (part.get().writer() == Writer.MAY_BE_ALIVE) {
                copy(part.get().file(), part.get().sizeBytes(), name);
            } else {
                Files.move(part.get().file(), name, StandardCopyOption.ATOMIC_MOVE);
                try (FileChannel taken = StorageRoot.openForWriting(name)) {
                    taken.truncate(part.get().sizeBytes());
                }
            }
        } catch (NoSuchFileException e) {
            return false;
        }
        drop(target);
        return true;
    }

    /** Copies under another name first, so that a copy that was broken off never looks like a part. */
    static void copy(Path source, long sizeBytes, Path name) throws IOException {
        Path copy = name.resolveSibling(name.getFileName() + ".copy");
        try (FileChannel from = StorageRoot.openForReading(source);
                FileChannel to = StorageRoot.create(copy)) {
            StagedFile.copy(from, sizeBytes, to);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(copy);
            throw e;
        }
        Files.move(copy, name, StandardCopyOption.ATOMIC_MOVE);
    }

    private Path file(StagingName.Target target, Writer writer) {
        return root.parts().resolve(target + (writer == Writer.GONE ? "" : LEFT));
    }
}
