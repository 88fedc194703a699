package io.serai.cluster.monitor;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * A folder that other programs write to. Every name below the folder that operators allow is opened relative to the folder
 * that holds it and no symbolic link is followed, so that whoever may write there cannot lead the server elsewhere, not even while it looks.
 */
public final class MonitoredFolder {
    private final Path root;
    private final Path below;

    /**
     * @param root real and absolute; the operator vouches for the way to it
     * @param below the folder, relative to it
     */
    MonitoredFolder(Path root, Path below) {
        this.root = root;
        this.below = below;
    }

    /** Sees what is there. */
    public interface Visitor {
        /** One file; false ends the look. */
        boolean file(MonitoredFile file);

        /** A file whose name cannot be written as text, so that it cannot be opened by it; as far as it can be read. */
        void unnameable(String path);

        /** A folder to be entered that cannot be looked through, or not to its end; the look goes on after it. */
        void unreadable(String path, String reason);
    }

    /**
     * Visits the regular files, in no order and without keeping them in memory. A folder further down that cannot be looked
     * through does not keep the others from being visited; the folder itself fails the visit.
     *
     * @param depth 0 for the folder alone
     * @param enter which folders to enter, by their path
     */
    public void visit(int depth, Predicate<String> enter, Visitor visitor) throws IOException {
        try (SecureDirectoryStream<Path> stream = open()) {
            var unused = visit(stream, "", depth, enter, visitor);
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static boolean visit(
            SecureDirectoryStream<Path> stream, String prefix, int depth, Predicate<String> enter, Visitor visitor)
            throws IOException {
        for (Path entry : stream) {
            Path name = entry.getFileName();
            Optional<BasicFileAttributes> found = look(stream, name);
            if (found.isEmpty()) {
                continue; // gone meanwhile
            }
            String path = prefix + name;
            if (found.get().isRegularFile()) {
                if (!isNameable(name)) {
                    visitor.unnameable(path);
                } else if (!visitor.file(seen(path, found.get()))) {
                    return false;
                }
            } else if (found.get().isDirectory() && depth > 0 && enter.test(path)) {
                if (!isNameable(name)) {
                    visitor.unreadable(path, "its name is not text");
                } else if (!visitBelow(stream, path, depth - 1, enter, visitor)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean visitBelow(
            SecureDirectoryStream<Path> stream, String path, int depth, Predicate<String> enter, Visitor visitor)
            throws IOException {
        Path name = Path.of(path.substring(path.lastIndexOf('/') + 1));
        try (SecureDirectoryStream<Path> below = enter(stream, name)) {
            return visit(below, path + "/", depth, enter, visitor);
        } catch (NoSuchFileException | NotDirectoryException e) {
            return true; // another program removed or replaced it meanwhile
        } catch (FileSystemException e) {
            visitor.unreadable(path, e.toString());
            return true;
        } catch (DirectoryIteratorException e) {
            visitor.unreadable(path, String.valueOf(e.getCause()));
            return true;
        }
    }

    /** Whether the name's text leads to the same bytes again: bytes that are not in the system's character set do not. */
    private static boolean isNameable(Path name) {
        try {
            return Path.of(name.toString()).equals(name);
        } catch (InvalidPathException e) {
            return false;
        }
    }

    /** Does something with the folder that holds a file. */
    @FunctionalInterface
    private interface InFolder<T> {
        T with(SecureDirectoryStream<Path> holder, Path name) throws IOException;
    }

    /** The file as it is now; empty when it is not there or no regular file. */
    public Optional<MonitoredFile> look(String path) throws IOException {
        return in(
                path,
                (holder, name) -> look(holder, name)
                        .filter(BasicFileAttributes::isRegularFile)
                        .map(attributes -> seen(path, attributes)));
    }

    /** Opens a file for reading; {@link NoSuchFileException} when it is gone. */
    public SeekableByteChannel read(String path) throws IOException {
        return in(
                path,
                (holder, name) ->
                        holder.newByteChannel(name, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)));
    }

    public void delete(String path) throws IOException {
        in(path, (holder, name) -> {
            holder.deleteFile(name);
            return true;
        });
    }

    /**
     * Moves a file to another folder on the same file system, which is made if it is not there.
     *
     * @throws FileAlreadyExistsException when the name is taken there
     */
    public void move(String path, MonitoredFolder target, String targetName) throws IOException {
        try (SecureDirectoryStream<Path> to = target.openOrMake()) {
            Path newName = Path.of(targetName);
            if (look(to, newName).isPresent()) {
                throw new FileAlreadyExistsException(target + "/" + newName);
            }
            in(path, (holder, name) -> {
                holder.move(name, to, newName);
                return true;
            });
        }
    }

    private <T> T in(String path, InFolder<T> work) throws IOException {
        try (SecureDirectoryStream<Path> stream = open()) {
            return in(stream, path, work);
        }
    }

    private static <T> T in(SecureDirectoryStream<Path> stream, String path, InFolder<T> work) throws IOException {
        int slash = path.indexOf('/');
        if (slash < 0) {
            return work.with(stream, Path.of(path));
        }
        try (SecureDirectoryStream<Path> below = enter(stream, Path.of(path.substring(0, slash)))) {
            return in(below, path.substring(slash + 1), work);
        }
    }

    private static SecureDirectoryStream<Path> enter(SecureDirectoryStream<Path> stream, Path name) throws IOException {
        return stream.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS);
    }

    private static Optional<BasicFileAttributes> look(SecureDirectoryStream<Path> holder, Path name)
            throws IOException {
        try {
            return Optional.of(
                    holder.getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                            .readAttributes());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static MonitoredFile seen(String path, BasicFileAttributes attributes) {
        return new MonitoredFile(
                path, attributes.size(), attributes.lastModifiedTime().toMillis());
    }

    private SecureDirectoryStream<Path> open() throws IOException {
        return walk(MonitoredFolder::enter);
    }

    /** Opens a folder by its name in another one. */
    @FunctionalInterface
    private interface Step {
        SecureDirectoryStream<Path> to(SecureDirectoryStream<Path> holder, Path name) throws IOException;
    }

    private SecureDirectoryStream<Path> walk(Step step) throws IOException {
        SecureDirectoryStream<Path> reached = open(root);
        for (Path name : below) {
            if (!name.toString().isEmpty()) {
                try (SecureDirectoryStream<Path> holder = reached) {
                    reached = step.to(holder, name);
                }
            }
        }
        return reached;
    }

    private SecureDirectoryStream<Path> openOrMake() throws IOException {
        try {
            return walk((holder, name) -> {
                if (look(holder, name).isEmpty()) {
                    make(holder, name);
                }
                return enter(holder, name);
            });
        } catch (IOException e) {
            // Not to be taken for a file that is gone.
            throw new FileSystemException(
                    this.toString(),
                    null,
                    "files cannot be moved there, for it cannot be made or a part of it is a symbolic link or no folder"
                            + " (" + e + "); make this folder");
        }
    }

    /** Folders cannot be made relative to others: it is made in the allowed folder by a new name, then moved. */
    private void make(SecureDirectoryStream<Path> holder, Path name) throws IOException {
        Path fresh = Files.createDirectory(root.resolve(".serai-" + UUID.randomUUID()));
        try (SecureDirectoryStream<Path> top = open(root)) {
            top.move(fresh.getFileName(), holder, name);
        } catch (IOException e) {
            Files.deleteIfExists(fresh);
            throw e;
        }
    }

    @Override
    public String toString() {
        return root.resolve(below).toString();
    }

    private static SecureDirectoryStream<Path> open(Path folder) throws IOException {
        DirectoryStream<Path> stream = Files.newDirectoryStream(folder);
        if (stream instanceof SecureDirectoryStream<Path> secure) {
            return secure;
        }
        stream.close();
        throw new SeraiException(
                ErrorCode.INVALID, "This system cannot look into " + folder + " without following symbolic links");
    }
}
