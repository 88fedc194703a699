package io.serai.cluster.storage;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.NodeName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The root directory on the shared file system, and where everything lies below it:
 *
 * <pre>
 *   serai-storage.json            whose root this is, and which
 *   signs/NODE                    written by each node from time to time: it can write here
 *   homes/ACCOUNT/...             what partners see, complete files only
 *   staging/active/EPOCH/         uploads and pulls that run; names as in StagingName
 *   staging/parts/ACCOUNT~HASH    the kept part of an interrupted upload
 *   content/XX/TRANSFER           the bytes of each arrival, a hard link
 * </pre>
 *
 * <p>Directories have mode 0700, files 0600. No link is ever followed below the root: every folder on a partner's path
 * is looked at without following links before it is used. Between the look and the use only a process with the rights of
 * this one could put a link there; nothing of ours makes links, so nobody else may write to the root.
 */
public final class StorageRoot {
    static final FileAttribute<Set<PosixFilePermission>> FOLDER_MODE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    static final FileAttribute<Set<PosixFilePermission>> FILE_MODE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path root;
    private final RootMark.Mark mark;

    private StorageRoot(Path root, RootMark.Mark mark) {
        this.root = root;
        this.mark = mark;
    }

    /**
     * Opens the root and makes what is missing in it. The first root that a cluster's database sees is its root from
     * then on: root and database carry each other's id.
     *
     * @throws SeraiException {@code INVALID} when it belongs to another cluster, or is not the root of this one (a share
     *     that is not mounted); {@code STORAGE_DOWN} when it cannot be used
     */
    public static StorageRoot open(Path folder, Database database) {
        try {
            Files.createDirectories(folder, FOLDER_MODE);
            Path real = folder.toRealPath();
            StorageRoot storage = new StorageRoot(real, RootMark.claim(real, database));
            storage.makeFolders();
            return storage;
        } catch (IOException e) {
            throw FileErrors.of(e, "The storage root " + folder + " cannot be opened");
        }
    }

    /** What the root's mark said when it was opened. */
    RootMark.Mark mark() {
        return mark;
    }

    /**
     * Writes a node's sign durably, and looks whether this is still the root that was opened. That the root is full is no
     * failure.
     */
    public void sign(NodeName node, Instant now) throws IOException {
        RootMark.Mark found = RootMark.read(root)
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.STORAGE_DOWN, RootMark.NAME + " is not there: is the share mounted?"));
        if (!found.equals(mark)) {
            throw new SeraiException(ErrorCode.STORAGE_DOWN, "it is another root now, of cluster " + found.cluster());
        }
        try (FileChannel channel = FileChannel.open(
                signs().resolve(node.value()),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                FILE_MODE)) {
            String text = String.format("%-32s%n", now.truncatedTo(ChronoUnit.SECONDS));
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), 0);
            channel.force(true);
        } catch (IOException e) {
            if (FileErrors.code(e) != ErrorCode.NO_SPACE) {
                throw e;
            }
        }
    }

    public Path folder() {
        return root;
    }

    Path signs() {
        return root.resolve("signs");
    }

    private void makeFolders() throws IOException {
        makeFolder(signs());
        if (look(root.resolve("content").resolve("ff")).isPresent()) {
            // The last of them all.
            return;
        }
        makeFolder(homes());
        makeFolder(root.resolve("staging"));
        makeFolder(active());
        makeFolder(parts());
        makeFolder(root.resolve("content"));
        for (int i = 0; i < 256; i++) {
            makeFolder(root.resolve("content").resolve(String.format("%02x", i)));
        }
        sync(root.resolve("content"));
        sync(root.resolve("staging"));
        sync(root);
    }

    Path homes() {
        return root.resolve("homes");
    }

    /** The folder of the running uploads of all epochs. */
    Path active() {
        return root.resolve("staging").resolve("active");
    }

    Path active(long epoch) {
        return active().resolve(Long.toString(epoch));
    }

    Path parts() {
        return root.resolve("staging").resolve("parts");
    }

    Path contentFolders() {
        return root.resolve("content");
    }

    Path content(TransferId transfer) {
        String id = transfer.toString();
        return root.resolve("content").resolve(id.substring(0, 2)).resolve(id);
    }

    /**
     * Where a path of a home lies; all folders above it exist and are no links, the last name may be anything.
     *
     * @throws SeraiException {@code NO_SUCH_FILE} or {@code NOT_A_FOLDER} when the folder above is missing or none
     */
    Path locate(AccountName account, VirtualPath path) {
        try {
            Path at = homes().resolve(account.value());
            for (String segment : path.segments()) {
                requireFolder(at, path);
                at = at.resolve(segment);
            }
            return at;
        } catch (InvalidPathException e) {
            throw new SeraiException(ErrorCode.NAME_INVALID, "\"" + path + "\" cannot be a name on this system", e);
        }
    }

    /** The same, making the folders above where they are missing. */
    Path locateMakingFolders(AccountName account, VirtualPath path) throws IOException {
        Path above = homes();
        Path at = above.resolve(account.value());
        for (String segment : path.segments()) {
            if (look(at).isEmpty()) {
                makeFolder(at);
                sync(above);
            }
            requireFolder(at, path);
            above = at;
            at = at.resolve(segment);
        }
        return at;
    }

    private void requireFolder(Path folder, VirtualPath path) {
        Optional<BasicFileAttributes> found = look(folder);
        if (found.isEmpty() || found.get().isSymbolicLink()) {
            throw missing("The folder of " + path + " does not exist");
        }
        if (!found.get().isDirectory()) {
            throw new SeraiException(ErrorCode.NOT_A_FOLDER, "A part of " + path + " is a file, not a folder");
        }
    }

    /** That something is missing below the root; while the root itself is away, nothing can be said of what is in it. */
    SeraiException missing(String what) {
        return Files.isDirectory(homes(), LinkOption.NOFOLLOW_LINKS)
                ? new SeraiException(ErrorCode.NO_SUCH_FILE, what)
                : away(what, null);
    }

    /** What a failure on a partner's path means. */
    SeraiException failure(IOException e, String what) {
        SeraiException found = FileErrors.of(e, what);
        boolean missing = found.code() == ErrorCode.NO_SUCH_FILE || found.code() == ErrorCode.NOT_A_FOLDER;
        return missing && !Files.isDirectory(homes(), LinkOption.NOFOLLOW_LINKS) ? away(what, e) : found;
    }

    /** What a failure on a path of our own means: what is missing there is missing with the whole root. */
    static SeraiException ownFailure(IOException e, String what) {
        SeraiException found = FileErrors.of(e, what);
        boolean missing = found.code() == ErrorCode.NO_SUCH_FILE || found.code() == ErrorCode.NOT_A_FOLDER;
        return missing ? away(what, e) : found;
    }

    private static SeraiException away(String what, @Nullable IOException cause) {
        return new SeraiException(
                ErrorCode.STORAGE_DOWN, what + ": the storage root is not there; mount the share", cause);
    }

    /** What lies there, not following links; empty when there is nothing. */
    static Optional<BasicFileAttributes> look(Path path) {
        try {
            return Optional.of(Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            ErrorCode code = FileErrors.code(e);
            if (code == ErrorCode.NOT_A_FOLDER) {
                return Optional.empty();
            }
            throw FileErrors.of(e, "A file could not be looked at");
        }
    }

    static void makeFolder(Path folder) throws IOException {
        try {
            Files.createDirectory(folder, FOLDER_MODE);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                throw e;
            }
        }
    }

    /** The same; what was made is durable. */
    static void makeFolderSynced(Path folder) throws IOException {
        if (look(folder).isEmpty()) {
            makeFolder(folder);
            sync(Objects.requireNonNull(folder.getParent()));
        } else {
            makeFolder(folder);
        }
    }

    /** Creates a file that must not exist, for reading and writing. */
    static FileChannel create(Path file) throws IOException {
        return FileChannel.open(
                file,
                Set.of(
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS),
                FILE_MODE);
    }

    static FileChannel openForReading(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    static FileChannel openForWriting(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    }

    /** Makes the entries of a directory durable. */
    static void sync(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** A second name for the file, which must not exist; a synced copy where the file system has no hard links. */
    static void linkOrCopy(Path file, Path name) throws IOException {
        try {
            Files.createLink(name, file);
        } catch (FileAlreadyExistsException | NoSuchFileException e) {
            throw e;
        } catch (UnsupportedOperationException e) {
            copySynced(file, name);
        } catch (FileSystemException e) {
            String reason = e.getReason() == null ? "" : e.getReason();
            if (!reason.equals("Operation not permitted") && !reason.equals("Operation not supported")) {
                throw e;
            }
            copySynced(file, name);
        }
    }

    private static void copySynced(Path file, Path name) throws IOException {
        Path copy = name.resolveSibling(name.getFileName() + ".copy");
        Files.deleteIfExists(copy);
        try (FileChannel from = openForReading(file);
                FileChannel to = create(copy)) {
            StagedFile.copy(from, from.size(), to);
            to.force(true);
        }
        if (Files.exists(name, LinkOption.NOFOLLOW_LINKS)) {
            Files.delete(copy);
            throw new FileAlreadyExistsException(name.toString());
        }
        Files.move(copy, name, StandardCopyOption.ATOMIC_MOVE);
    }
}
