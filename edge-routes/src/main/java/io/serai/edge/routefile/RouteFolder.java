package io.serai.edge.routefile;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.message.FileMessages.FilesVersion;
import io.serai.edge.message.RouteFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of an edge's own route files, and beside it what synchronisation has to remember:
 *
 * <pre>
 *   routes/*.yaml      what operators edit
 *   sync/version       the version that these files were last the same as
 *   sync/incoming/     a version that is being put in place; whole as soon as it holds the file "version"
 *   sync/former/       what the last one that was taken replaced
 * </pre>
 *
 * <p>A version that was taken counts as a whole or not at all: what a crash or a full disk interrupted is finished later, and
 * until then {@link #read} gives what the folder is to hold, not the mixture that it holds. For one thread.
 */
public final class RouteFolder {
    private static final String VERSION = "version";
    private static final String ENDING = ".yaml";
    private static final String TRIAL = ".serai-edge.new";

    private final Path routes;
    private final Path sync;

    /** The version that is to be in the folder, and is not wholly there yet; null when there is none. */
    private @Nullable Incoming pending;

    private record Incoming(FilesVersion version, RouteFiles files) {}

    /**
     * Knows of what a crash interrupted; {@link #finish} goes on with it.
     *
     * @throws SeraiException {@code INVALID} when there is no such folder
     */
    public RouteFolder(Path routes, Path home) {
        this.routes = routes;
        this.sync = home.resolve("sync");
        if (!Files.isDirectory(routes)) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The folder of route files " + routes
                            + " is not there: make it, or remove \"routes\" from the settings"
                            + " and the servers say what this edge offers");
        }
        if (Files.exists(incoming().resolve(VERSION))) {
            pending = new Incoming(readVersion(incoming().resolve(VERSION)), read(incoming()));
        }
    }

    /** Whether a version that was taken is not wholly in the folder yet. */
    public boolean isPending() {
        return pending != null;
    }

    /**
     * Puts a version in place that was interrupted, if there is one.
     *
     * @throws SeraiException {@code STORAGE_DOWN} when that cannot be done now; it can be tried again
     */
    public void finish() {
        Incoming interrupted = pending;
        if (interrupted != null) {
            putInPlace(interrupted);
        }
    }

    /**
     * Whether a version can be put into the folder.
     *
     * @throws SeraiException {@code STORAGE_DOWN} when it cannot
     */
    public void requireWritable() {
        requireRoom(1);
    }

    private void requireRoom(int bytes) {
        Path trial = routes.resolve(TRIAL);
        try {
            put(trial, new byte[bytes]);
            Files.delete(trial);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private Path incoming() {
        return sync.resolve("incoming");
    }

    /** @throws SeraiException {@code INVALID} when they cannot be read, or are more than can be */
    public RouteFiles read() {
        Incoming interrupted = pending;
        return interrupted == null ? read(routes) : interrupted.files();
    }

    private static RouteFiles read(Path folder) {
        try {
            Map<String, String> texts = new TreeMap<>();
            for (Path file : yaml(folder)) {
                String name = String.valueOf(file.getFileName());
                if (Files.size(file) > RouteFiles.LARGEST_BYTES) {
                    throw new IllegalArgumentException(
                            name + " is larger than " + RouteFiles.LARGEST_BYTES / 1024 + " KiB");
                }
                texts.put(name, Files.readString(file, StandardCharsets.UTF_8));
            }
            return new RouteFiles(texts);
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.INVALID, folder + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The route files in " + folder + " cannot be read: " + e, e);
        }
    }

    /** Hidden files are those of editors. */
    private static List<Path> yaml(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> {
                        String name = String.valueOf(file.getFileName());
                        return name.endsWith(ENDING) && !name.startsWith(".");
                    })
                    .limit(RouteFiles.MOST + 1L)
                    .toList();
        }
    }

    /** The version that the files were last the same as. */
    public FilesVersion base() {
        Incoming interrupted = pending;
        Path file = sync.resolve(VERSION);
        if (interrupted != null) {
            return interrupted.version();
        }
        return Files.exists(file) ? readVersion(file) : FilesVersion.NONE;
    }

    private static FilesVersion readVersion(Path file) {
        try {
            return version(file, Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The file " + file + " cannot be read: " + e, e);
        }
    }

    private static FilesVersion version(Path file, String text) {
        String[] words = text.strip().split(" ", -1);
        if (words.length != 2 || !words[0].matches("\\d{1,18}") || !words[1].matches("[0-9a-f]{64}|-")) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The file " + file + " is damaged; remove it, and the edge compares its files anew");
        }
        return new FilesVersion(Long.parseLong(words[0]), words[1].equals("-") ? "" : words[1]);
    }

    private static String text(FilesVersion version) {
        return version.number() + " " + (version.digest().isEmpty() ? "-" : version.digest()) + "\n";
    }

    /** Remembers that the files are those of this version. */
    public void settle(FilesVersion version) {
        try {
            Files.createDirectories(sync);
            write(sync.resolve(VERSION), text(version));
            force(sync);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /**
     * Puts these files in place of those that are there, which are kept until the next time.
     *
     * @throws SeraiException {@code STORAGE_DOWN}: all is as it was, or {@link #isPending}
     */
    public void take(FilesVersion version, RouteFiles files) {
        requireRoom(1
                + files.texts().values().stream().mapToInt(RouteFolder::length).sum());
        try {
            keepFormer(read(routes));
            clear(incoming());
            Files.createDirectories(incoming());
            for (Map.Entry<String, String> file : files.texts().entrySet()) {
                write(incoming().resolve(file.getKey()), file.getValue());
            }
            force(incoming());
            // From here on it is in force, whatever happens.
            write(incoming().resolve(VERSION), text(version));
            pending = new Incoming(version, files);
            force(incoming());
        } catch (IOException e) {
            throw failed(e);
        }
        finish();
    }

    private static int length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Can be done again from the beginning at any point. */
    private void putInPlace(Incoming fresh) {
        try {
            RouteFiles now = read(routes);
            for (Map.Entry<String, String> file : fresh.files().texts().entrySet()) {
                String there = now.texts().get(file.getKey());
                if (!file.getValue().equals(there)) {
                    keep(file.getKey(), there);
                    write(routes.resolve(file.getKey()), file.getValue());
                }
            }
            for (Map.Entry<String, String> file : now.texts().entrySet()) {
                if (!fresh.files().texts().containsKey(file.getKey())) {
                    keep(file.getKey(), file.getValue());
                    Files.deleteIfExists(routes.resolve(file.getKey()));
                }
            }
            force(routes);
            settle(fresh.version());
            Files.deleteIfExists(incoming().resolve(VERSION));
            pending = null;
            clear(incoming());
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** What was changed after the version was taken is kept, too. */
    private void keep(String name, @Nullable String text) throws IOException {
        Path kept = former().resolve(name);
        if (text == null || Files.exists(kept) && text.equals(Files.readString(kept, StandardCharsets.UTF_8))) {
            return;
        }
        Files.createDirectories(former());
        write(kept, text);
        force(former());
    }

    private Path former() {
        return sync.resolve("former");
    }

    private void keepFormer(RouteFiles now) throws IOException {
        clear(former());
        Files.createDirectories(former());
        for (Map.Entry<String, String> file : now.texts().entrySet()) {
            write(former().resolve(file.getKey()), file.getValue());
        }
        force(former());
    }

    private static void write(Path file, String text) throws IOException {
        Path draft = file.resolveSibling("." + file.getFileName() + ".new");
        put(draft, text.getBytes(StandardCharsets.UTF_8));
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void put(Path file, byte[] content) throws IOException {
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                int unused = out.write(bytes);
            }
            out.force(true);
        }
    }

    private static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void clear(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    private SeraiException failed(IOException e) {
        return new SeraiException(
                ErrorCode.STORAGE_DOWN,
                "The route files in " + routes + " cannot be changed: " + e
                        + "; make that folder and the files in it writable for the edge, and see to free space",
                e);
    }
}
