package io.serai.cluster.storage;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;

/** Account homes and kept content in a directory tree; see {@link StorageRoot} for where everything lies. */
public final class FileSystemStorage implements Storage {
    private final StorageRoot root;
    private final Parts parts;
    private final NameLocks locks;

    /**
     * @param locks shared with whatever else changes names of this root in this process
     */
    public FileSystemStorage(StorageRoot root, NameLocks locks) {
        this.root = root;
        this.parts = new Parts(root);
        this.locks = locks;
    }

    @Override
    public void prepareHome(AccountName account, Iterable<VirtualPath> folders) {
        try {
            StorageRoot.makeFolderSynced(root.homes().resolve(account.value()));
            for (VirtualPath folder : folders) {
                if (!folder.isRoot()) {
                    StorageRoot.makeFolderSynced(root.locateMakingFolders(account, folder));
                }
            }
        } catch (IOException e) {
            throw StorageRoot.ownFailure(e, "The home of account " + account + " cannot be made");
        }
    }

    @Override
    public FileInfo stat(AccountName account, VirtualPath path) {
        return info(path, root.locate(account, path));
    }

    @Override
    public Optional<FileInfo> part(AccountName account, VirtualPath path) {
        return parts.find(StagingName.Target.of(account, path)).map(part -> {
            BasicFileAttributes attributes = part.attributes();
            return new FileInfo(
                    path.name(),
                    false,
                    part.sizeBytes(),
                    attributes.lastModifiedTime().toInstant(),
                    version(attributes));
        });
    }

    @Override
    public FolderListing list(AccountName account, VirtualPath folder, Optional<String> after, int limit) {
        Path at = root.locate(account, folder);
        if (!info(folder, at).folder()) {
            throw new SeraiException(ErrorCode.NOT_A_FOLDER, folder + " is a file, not a folder");
        }
        try {
            List<FileInfo> entries = new ArrayList<>();
            Optional<String> last = after;
            while (true) {
                List<String> names = names(at, last, limit + 1);
                for (String name : names) {
                    if (entries.size() == limit) {
                        return new FolderListing(entries, true);
                    }
                    entry(at.resolve(name)).ifPresent(entries::add);
                }
                if (names.size() <= limit) {
                    return new FolderListing(entries, false);
                }
                last = Optional.of(names.get(names.size() - 1));
            }
        } catch (IOException e) {
            throw root.failure(e, folder + " cannot be listed");
        }
    }

    @Override
    public void makeFolder(AccountName account, VirtualPath path) {
        try {
            Path folder = root.locate(account, path);
            Files.createDirectory(folder, StorageRoot.FOLDER_MODE);
            StorageRoot.sync(Objects.requireNonNull(folder.getParent()));
        } catch (IOException e) {
            throw root.failure(e, "The folder " + path + " cannot be made");
        }
    }

    @Override
    public void removeFolder(AccountName account, VirtualPath path) {
        refuseRoot(path);
        Path at = root.locate(account, path);
        if (!info(path, at).folder()) {
            throw new SeraiException(ErrorCode.NOT_A_FOLDER, path + " is a file, not a folder");
        }
        try {
            Files.delete(at);
        } catch (IOException e) {
            throw root.failure(e, "The folder " + path + " cannot be removed");
        }
    }

    @Override
    public void removeFile(AccountName account, VirtualPath path) {
        Path at = root.locate(account, path);
        requireFile(path, at);
        try {
            Files.delete(at);
        } catch (IOException e) {
            throw root.failure(e, path + " cannot be removed");
        }
    }

    @Override
    public void rename(AccountName account, VirtualPath from, VirtualPath to, IfExists ifExists) {
        refuseRoot(from);
        refuseRoot(to);
        if (to.isWithin(from) && !to.equals(from)) {
            throw new SeraiException(ErrorCode.NAME_INVALID, from + " cannot be moved into itself");
        }
        Path source = root.locate(account, from);
        Path target = root.locate(account, to);
        FileInfo moved = info(from, source);
        if (from.equals(to)) {
            return;
        }
        try {
            locks.run(account, () -> {
                Optional<BasicFileAttributes> there = StorageRoot.look(target);
                if (there.isPresent()) {
                    refuseReplacement(moved, there.get(), to, ifExists);
                }
                move(source, target);
            });
        } catch (IOException e) {
            throw root.failure(e, from + " cannot be renamed to " + to);
        }
    }

    private static void refuseReplacement(
            FileInfo moved, BasicFileAttributes there, VirtualPath to, IfExists ifExists) {
        if (ifExists == IfExists.REFUSE || moved.folder()) {
            throw new SeraiException(ErrorCode.EXISTS, to + " exists");
        }
        if (there.isDirectory()) {
            throw new SeraiException(ErrorCode.IS_A_FOLDER, to + " is a folder");
        }
    }

    /** Moves a name over whatever file has it, also over another name of the same file. */
    private static void move(Path source, Path target) throws IOException {
        if (isSameFile(source, target)) {
            // The system's rename would succeed and leave both names.
            Files.delete(source);
        } else {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Whether both names exist and are names of one file. */
    static boolean isSameFile(Path one, Path other) {
        Optional<Object> first = StorageRoot.look(one).map(BasicFileAttributes::fileKey);
        return first.isPresent() && first.equals(StorageRoot.look(other).map(BasicFileAttributes::fileKey));
    }

    @Override
    public void setModified(AccountName account, VirtualPath path, Instant modified) {
        Path at = root.locate(account, path);
        info(path, at);
        try {
            Files.getFileAttributeView(at, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                    .setTimes(FileTime.from(modified), null, null);
        } catch (IOException e) {
            throw root.failure(e, "The time of " + path + " cannot be set");
        }
    }

    @Override
    public OpenFile open(AccountName account, VirtualPath path) {
        Path at = root.locate(account, path);
        requireFile(path, at);
        return openForReading(path.toString(), at);
    }

    @Override
    public OpenFile openContent(TransferId transfer) {
        String what = "The content of transfer " + transfer;
        try {
            return openForReading(what, root.content(transfer));
        } catch (SeraiException e) {
            if (e.code() != ErrorCode.NO_SUCH_FILE) {
                throw e;
            }
            // A share that was away a moment ago looks the same: what is gone now is gone.
            return openForReading(what, root.content(transfer));
        }
    }

    private OpenFile openForReading(String what, Path at) {
        try {
            FileChannel channel = StorageRoot.openForReading(at);
            try {
                BasicFileAttributes attributes =
                        Files.readAttributes(at, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                FileInfo info = new FileInfo(
                        at.getFileName().toString(),
                        false,
                        channel.size(),
                        attributes.lastModifiedTime().toInstant(),
                        version(attributes));
                return new OpenFile(info, channel, at);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw root.failure(e, what + " cannot be read");
        }
    }

    /** An opaque tag of the content: another version, other bytes. */
    static String version(BasicFileAttributes attributes) {
        long nanos = attributes.lastModifiedTime().to(java.util.concurrent.TimeUnit.NANOSECONDS);
        // The key holds the number of the device, which differs between nodes; the inode at its end does not.
        String key = String.valueOf(attributes.fileKey());
        String inode = key.substring(key.lastIndexOf('=') + 1).replace(")", "");
        return inode + "-" + Long.toHexString(attributes.size()) + "-" + Long.toHexString(nanos);
    }

    private FileInfo info(VirtualPath path, Path at) {
        BasicFileAttributes attributes = StorageRoot.look(at)
                .filter(found -> found.isRegularFile() || found.isDirectory())
                .orElseThrow(() -> root.missing(path + " does not exist"));
        return info(path.name(), attributes);
    }

    private static FileInfo info(String name, BasicFileAttributes attributes) {
        return new FileInfo(
                name,
                attributes.isDirectory(),
                attributes.isDirectory() ? 0 : attributes.size(),
                attributes.lastModifiedTime().toInstant(),
                version(attributes));
    }

    private void requireFile(VirtualPath path, Path at) {
        if (info(path, at).folder()) {
            throw new SeraiException(ErrorCode.IS_A_FOLDER, path + " is a folder");
        }
    }

    private static void refuseRoot(VirtualPath path) {
        if (path.isRoot()) {
            throw new SeraiException(ErrorCode.PERMISSION_DENIED, "The home folder itself stays as it is");
        }
    }

    /** What an entry of a folder is; empty for links, devices, names that are no names here, and what is gone. */
    private static Optional<FileInfo> entry(Path at) {
        return StorageRoot.look(at)
                .filter(found -> found.isRegularFile() || found.isDirectory())
                .map(found -> info(at.getFileName().toString(), found));
    }

    /** The first names after the given one, in order; the whole folder is read, but only these are kept. */
    private static List<String> names(Path folder, Optional<String> after, int count) throws IOException {
        PriorityQueue<String> smallest = new PriorityQueue<>(Comparator.reverseOrder());
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            for (Path entry : stream) {
                String name = entry.getFileName().toString();
                boolean wanted = after.isEmpty() || name.compareTo(after.get()) > 0;
                if (wanted && (smallest.size() < count || name.compareTo(smallest.peek()) < 0) && isName(name)) {
                    smallest.add(name);
                    if (smallest.size() > count) {
                        smallest.remove();
                    }
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return smallest.stream().sorted().toList();
    }

    private static boolean isName(String name) {
        try {
            VirtualPath.ROOT.child(name);
            return true;
        } catch (SeraiException e) {
            return false;
        }
    }
}
