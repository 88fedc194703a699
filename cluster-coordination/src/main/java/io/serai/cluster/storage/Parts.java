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
 * may still be alive (frozen, cut off) has the suffix {@code ~left}: that node might write to it yet, so who resumes it
 * goes on with a copy. Moves are atomic, so that of two who want to resume the same part one gets it.
 */
final class Parts {
    private static final String LEFT = "~left";

    private final StorageRoot root;

    Parts(StorageRoot root) {
        this.root = root;
    }

    /** A kept part. */
    record Part(Path file, BasicFileAttributes attributes) {
        boolean mayStillBeWritten() {
            return file.getFileName().toString().endsWith(LEFT);
        }
    }

    /** Whether whoever wrote a part is certainly done with it. */
    enum Writer {
        GONE,
        MAY_BE_ALIVE
    }

    Optional<Part> find(StagingName.Target target) {
        return Stream.of(file(target, Writer.GONE), file(target, Writer.MAY_BE_ALIVE))
                .flatMap(file -> StorageRoot.look(file).map(found -> new Part(file, found)).stream())
                .filter(part -> part.attributes().isRegularFile())
                .max(Comparator.comparing((Part part) -> part.attributes().lastModifiedTime()));
    }

    /** Makes the file the kept part in place of an earlier one; an empty file only removes the earlier one. */
    void keep(StagingName.Target target, Path file, Writer writer) throws IOException {
        if (Files.size(file) == 0) {
            Files.delete(file);
            drop(target);
            return;
        }
        Path name = file(target, writer);
        Files.move(file, name, StandardCopyOption.ATOMIC_MOVE);
        Files.deleteIfExists(file(target, writer == Writer.GONE ? Writer.MAY_BE_ALIVE : Writer.GONE));
    }

    void drop(StagingName.Target target) throws IOException {
        Files.deleteIfExists(file(target, Writer.GONE));
        Files.deleteIfExists(file(target, Writer.MAY_BE_ALIVE));
    }

    /** Moves the part to that name, where it can be written to; false when there is none, or another took it. */
    boolean take(StagingName.Target target, Path name) throws IOException {
        Optional<Part> part = find(target);
        if (part.isEmpty()) {
            return false;
        }
        try {
            if (part.get().mayStillBeWritten()) {
                copy(part.get().file(), name);
            } else {
                Files.move(part.get().file(), name, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (NoSuchFileException e) {
            return false;
        }
        drop(target);
        return true;
    }

    /** Copies under another name first, so that a copy that was broken off never looks like a part. */
    static void copy(Path source, Path name) throws IOException {
        Path copy = name.resolveSibling(name.getFileName() + ".copy");
        try (FileChannel from = StorageRoot.openForReading(source);
                FileChannel to = StorageRoot.create(copy)) {
            StagedFile.copy(from, to);
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
