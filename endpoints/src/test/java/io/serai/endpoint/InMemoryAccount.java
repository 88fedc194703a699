package io.serai.endpoint;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Permission;
import io.serai.endpoint.FileAttributes.FileType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * One account of {@link InMemoryPartners}: its tree, its kept parts and its open uploads. All state is guarded by this
 * object's lock; content files are never changed after they became a file.
 */
public final class InMemoryAccount {
    private static final int PAGE = 100;

    private final String name;
    private final String password;
    private final Set<Permission> permissions;
    private final List<SshPublicKey> keys;
    private final Path folder;

    private final TreeMap<VirtualPath, Node> nodes = new TreeMap<>(Comparator.comparing(VirtualPath::toString));
    private final Map<VirtualPath, Path> parts = new TreeMap<>();
    private final Set<InMemoryUpload> uploads = new LinkedHashSet<>();
    private final List<InMemoryDownload> downloads = new ArrayList<>();
    private final List<String> arrivals = new ArrayList<>();
    private final List<String> aborts = new ArrayList<>();
    private final Map<TransferId, UploadReceipt> receipts = new HashMap<>();
    private final Set<TransferId> settled = new HashSet<>();
    private volatile Runnable beforeCommit = () -> {};

    /** A file, when it has content, or a folder. */
    private record Node(Optional<Path> content, Instant modified, String version) {
        FileAttributes attributes() {
            return content.map(path -> new FileAttributes(FileType.FILE, InMemoryAccount.size(path), modified, version))
                    .orElseGet(() -> new FileAttributes(FileType.FOLDER, 0, modified, version));
        }
    }

    InMemoryAccount(String name, String password, Set<Permission> permissions, List<SshPublicKey> keys, Path folder) {
        this.name = name;
        this.password = password;
        this.permissions = Set.copyOf(permissions);
        this.keys = List.copyOf(keys);
        this.folder = folder;
        nodes.put(VirtualPath.ROOT, folderNode());
    }

    // ---- knobs ----

    /** Makes a folder and those above it. */
    public synchronized void putFolder(String path) {
        VirtualPath folderPath = VirtualPath.parse(path);
        if (!folderPath.isRoot()) {
            putFolder(folderPath.parent().toString());
            nodes.putIfAbsent(folderPath, folderNode());
        }
    }

    /** Makes a file and the folders above it; it does not count as an arrival. */
    public synchronized void putFile(String path, byte[] content) {
        VirtualPath filePath = VirtualPath.parse(path);
        putFolder(filePath.parent().toString());
        Path bytes = newContent();
        try {
            Files.write(bytes, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        nodes.put(filePath, fileNode(bytes));
    }

    /** Runs before each commit, on its thread, and may hold it. */
    public void beforeCommit(Runnable action) {
        beforeCommit = action;
    }

    void commits() {
        beforeCommit.run();
    }

    // ---- observers ----

    /** The bytes of a visible file. */
    public synchronized Optional<byte[]> file(String path) {
        return contentOf(path).map(InMemoryAccount::bytes);
    }

    /** Where the bytes of a visible file are, for files that are too large for {@link #file}. */
    public synchronized Optional<Path> contentOf(String path) {
        return Optional.ofNullable(nodes.get(VirtualPath.parse(path))).flatMap(Node::content);
    }

    /** The kept bytes of an interrupted upload. */
    public synchronized Optional<byte[]> part(String path) {
        return Optional.ofNullable(parts.get(VirtualPath.parse(path))).map(InMemoryAccount::bytes);
    }

    /** The attributes of a visible file or folder. */
    public synchronized Optional<FileAttributes> attributes(String path) {
        return Optional.ofNullable(nodes.get(VirtualPath.parse(path))).map(Node::attributes);
    }

    /** All visible paths but the home itself, sorted. */
    public synchronized List<String> paths() {
        return nodes.keySet().stream()
                .filter(path -> !path.isRoot())
                .map(VirtualPath::toString)
                .toList();
    }

    /** The paths of all commits, in their order. */
    public synchronized List<String> arrivals() {
        return List.copyOf(arrivals);
    }

    /** "path: reason" of all aborts, in their order. */
    public synchronized List<String> aborts() {
        return List.copyOf(aborts);
    }

    /** The number of uploads that were neither committed nor aborted yet. */
    public synchronized int openUploads() {
        return uploads.size();
    }

    /** All downloads that were ever opened, in their order. */
    public synchronized List<InMemoryDownload> downloads() {
        return List.copyOf(downloads);
    }

    // ---- answers ----

    boolean accepts(String tried) {
        return password.equals(tried);
    }

    boolean accepts(SshPublicKey tried) {
        return keys.stream().anyMatch(key -> key.base64().equals(tried.base64()));
    }

    Set<Permission> permissions() {
        return permissions;
    }

    synchronized Object answer(PartnerOperation<?> operation) {
        if (operation instanceof PartnerOperation.AskUpload ask) {
            return outcome(ask);
        } else if (operation instanceof PartnerOperation.StatFile stat) {
            return stat(stat);
        } else if (operation instanceof PartnerOperation.ListFolder list) {
            require(Permission.LIST);
            return list(list);
        } else if (operation instanceof PartnerOperation.OpenUpload open) {
            require(Permission.WRITE);
            return openUpload(open);
        } else if (operation instanceof PartnerOperation.OpenDownload open) {
            require(Permission.READ);
            Node node = file(open.path());
            InMemoryDownload download =
                    new InMemoryDownload(TransferId.random(), node.content().orElseThrow(), node.attributes());
            downloads.add(download);
            return download;
        } else if (operation instanceof PartnerOperation.MakeFolder make) {
            require(Permission.MKDIR);
            makeFolder(make.path());
        } else if (operation instanceof PartnerOperation.RemoveFolder remove) {
            require(Permission.DELETE);
            removeFolder(remove.path());
        } else if (operation instanceof PartnerOperation.RemoveFile remove) {
            require(Permission.DELETE);
            file(remove.path());
            nodes.remove(remove.path());
        } else if (operation instanceof PartnerOperation.RenameFile rename) {
            require(Permission.RENAME);
            rename(rename);
        } else if (operation instanceof PartnerOperation.SetModifiedTime set) {
            require(Permission.WRITE);
            Node node = node(set.path());
            nodes.put(set.path(), new Node(node.content(), set.modified(), node.version()));
        } else {
            throw new SeraiException(ErrorCode.UNSUPPORTED, "Not answered: " + operation);
        }
        return PartnerOperation.Done.DONE;
    }

    private FileAttributes stat(PartnerOperation.StatFile stat) {
        Path part = parts.get(stat.path());
        if (part != null && stat.purpose() == PartnerOperation.StatPurpose.RESUME) {
            return new FileAttributes(FileType.PART, size(part), Instant.now(), "part");
        }
        return node(stat.path()).attributes();
    }

    private FolderPage list(PartnerOperation.ListFolder list) {
        folder(list.path());
        List<FolderPage.Entry> entries = new ArrayList<>();
        for (Map.Entry<VirtualPath, Node> entry : nodes.entrySet()) {
            VirtualPath path = entry.getKey();
            if (path.isRoot() || !path.parent().equals(list.path())) {
                continue;
            }
            if (list.after().isPresent() && path.name().compareTo(list.after().get()) <= 0) {
                continue;
            }
            if (entries.size() == PAGE) {
                return new FolderPage(entries, true);
            }
            entries.add(new FolderPage.Entry(path.name(), entry.getValue().attributes()));
        }
        return new FolderPage(entries, false);
    }

    private UploadChannel openUpload(PartnerOperation.OpenUpload open) {
        VirtualPath path = open.path();
        folder(path.parent());
        Node existing = nodes.get(path);
        if (existing != null && existing.content().isEmpty()) {
            throw new SeraiException(ErrorCode.IS_A_FOLDER, path + " is a folder");
        }
        if (existing != null && open.mode() == PartnerOperation.UploadMode.CREATE_NEW) {
            throw new SeraiException(ErrorCode.EXISTS, path + " exists");
        }
        if (uploads.stream().anyMatch(upload -> upload.path().equals(path))) {
            throw new SeraiException(ErrorCode.LOCKED, path + " is being uploaded");
        }
        Path bytes = newContent();
        try {
            Path part = parts.get(path);
            if (open.mode() == PartnerOperation.UploadMode.RESUME && part != null) {
                Files.copy(part, bytes);
            } else if (open.mode() == PartnerOperation.UploadMode.RESUME && existing != null) {
                Files.copy(existing.content().orElseThrow(), bytes);
            }
            parts.remove(path);
            InMemoryUpload upload = new InMemoryUpload(this, open, bytes);
            uploads.add(upload);
            return upload;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private UploadOutcome outcome(PartnerOperation.AskUpload ask) {
        UploadReceipt receipt = receipts.get(ask.transfer());
        if (receipt != null) {
            return new UploadOutcome(UploadOutcome.State.COMMITTED, Optional.of(receipt));
        }
        if (ask.purpose() == PartnerOperation.AskPurpose.SETTLE) {
            settled.add(ask.transfer());
        }
        boolean failed = settled.contains(ask.transfer());
        return new UploadOutcome(failed ? UploadOutcome.State.FAILED : UploadOutcome.State.OPEN, Optional.empty());
    }

    synchronized String committed(InMemoryUpload upload, long sizeBytes, String sha256) {
        if (!uploads.remove(upload) || settled.contains(upload.transfer())) {
            throw new SeraiException(ErrorCode.NO_SESSION, "The upload was ended before");
        }
        Node node = fileNode(upload.content());
        nodes.put(upload.path(), node);
        arrivals.add(upload.path().toString());
        receipts.put(upload.transfer(), new UploadReceipt(upload.transfer(), sizeBytes, sha256, node.version()));
        return node.version();
    }

    synchronized void aborted(InMemoryUpload upload, String reason) {
        if (uploads.remove(upload)) {
            parts.put(upload.path(), upload.content());
            aborts.add(upload.path() + ": " + reason);
        }
    }

    void abortUploads(SessionId session, String reason) {
        List<InMemoryUpload> open;
        synchronized (this) {
            open = uploads.stream()
                    .filter(upload -> upload.session().equals(session))
                    .toList();
        }
        open.forEach(upload -> upload.abort(reason));
    }

    private void makeFolder(VirtualPath path) {
        if (nodes.containsKey(path)) {
            throw new SeraiException(ErrorCode.EXISTS, path + " exists");
        }
        folder(path.parent());
        nodes.put(path, folderNode());
    }

    private void removeFolder(VirtualPath path) {
        folder(path);
        if (path.isRoot() || nodes.keySet().stream().anyMatch(other -> !other.equals(path) && other.isWithin(path))) {
            throw new SeraiException(ErrorCode.NOT_EMPTY, path + " is not empty");
        }
        nodes.remove(path);
    }

    private void rename(PartnerOperation.RenameFile rename) {
        VirtualPath from = rename.from();
        VirtualPath to = rename.to();
        node(from);
        folder(to.parent());
        if (from.isRoot() || (to.isWithin(from) && !to.equals(from))) {
            throw new SeraiException(ErrorCode.NAME_INVALID, "A folder cannot move into itself");
        }
        if (nodes.containsKey(to) && rename.overwrite() == PartnerOperation.Overwrite.REFUSE) {
            throw new SeraiException(ErrorCode.EXISTS, to + " exists");
        }
        for (VirtualPath path : List.copyOf(nodes.keySet())) {
            if (path.isWithin(from)) {
                List<String> segments = new ArrayList<>(to.segments());
                segments.addAll(path.segments()
                        .subList(from.segments().size(), path.segments().size()));
                nodes.put(new VirtualPath(segments), Objects.requireNonNull(nodes.remove(path)));
            }
        }
    }

    private Node node(VirtualPath path) {
        Node node = nodes.get(path);
        if (node == null) {
            throw new SeraiException(ErrorCode.NO_SUCH_FILE, path + " does not exist");
        }
        return node;
    }

    private Node file(VirtualPath path) {
        Node node = node(path);
        if (node.content().isEmpty()) {
            throw new SeraiException(ErrorCode.IS_A_FOLDER, path + " is a folder");
        }
        return node;
    }

    private void folder(VirtualPath path) {
        if (node(path).content().isPresent()) {
            throw new SeraiException(ErrorCode.NOT_A_FOLDER, path + " is not a folder");
        }
    }

    private void require(Permission permission) {
        if (!permissions.contains(permission)) {
            throw new SeraiException(ErrorCode.PERMISSION_DENIED, name + " may not " + permission);
        }
    }

    private Path newContent() {
        return folder.resolve(TransferId.random().toString());
    }

    private static Node folderNode() {
        return new Node(Optional.empty(), now(), "folder");
    }

    private static Node fileNode(Path content) {
        return new Node(Optional.of(content), now(), content.getFileName().toString());
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS);
    }

    private static long size(Path content) {
        try {
            return Files.size(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] bytes(Path content) {
        try {
            return Files.readAllBytes(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
