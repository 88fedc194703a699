package io.serai.cluster.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The kept parts of interrupted uploads: one for an account and path, the latest. A part that came from a node which
 * may still be alive (frozen, cut off) has the suffix {@code ~left}: that node might write to it yet. A mark beside it
 * says how many of its bytes count, and who resumes it goes on with a copy of these. Moves are atomic, so that of two
 * who want to resume the same part one gets it.
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
                .map(found -> new Part(file, size(file, found.size(), writer), found, writer));
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
     * Makes what a broken upload left the kept part in place of an earlier one. An empty file is kept too: clients that
     * resume (OpenSSH's {@code reput}) look for the name that they had opened, and begin at byte 0 when they find it.
     *
     * @param sizeBytes how many bytes of the file can be trusted
     */
    void keep(StagingName name, Path file, long sizeBytes, Writer writer) throws IOException {
        OptionalLong kept = name.kept(sizeBytes);
        if (kept.isEmpty()) {
            Files.deleteIfExists(file);
            return;
        }
        StagingName.Target target = name.target().orElseThrow();
        Path part = file(target, writer);
        if (writer == Writer.GONE) {
            cut(file, kept.getAsLong());
        } else {
            new SafeMark(part).synced(kept.getAsLong());
        }
        Files.move(file, part, StandardCopyOption.ATOMIC_MOVE);
        StorageRoot.sync(root.parts());
        if (writer == Writer.GONE) {
            dropLeft(target);
        } else {
            Files.deleteIfExists(file(target, Writer.GONE));
        }
    }

    /** Keeps the time, which says which of two parts is the later. */
    private static void cut(Path file, long sizeBytes) throws IOException {
        FileTime modified = Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
        try (FileChannel channel = StorageRoot.openForWriting(file)) {
            channel.truncate(sizeBytes);
            channel.force(true);
        }
        Files.setLastModifiedTime(file, modified);
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

    /** Moves a part that was found to that name, where it can be written to; false when another took it. */
    boolean take(StagingName.Target target, Part part, Path name) throws IOException {
        try {
            if (part.writer() == Writer.MAY_BE_ALIVE) {
                copy(part.file(), part.sizeBytes(), name);
            } else {
                Files.move(part.file(), name, StandardCopyOption.ATOMIC_MOVE);
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
