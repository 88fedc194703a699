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
 * <p>A version that was taken is in the folder as a whole or not at all: what a crash interrupted is finished at the next
 * start. For one thread.
 */
public final class RouteFolder {
    private static final String VERSION = "version";
    private static final String ENDING = ".yaml";

    private final Path routes;
    private final Path sync;

    /**
     * Finishes what a crash interrupted.
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
            putInPlace();
        }
    }

    private Path incoming() {
        return sync.resolve("incoming");
    }

    /** @throws SeraiException {@code INVALID} when they cannot be read, or are more than can be */
    public RouteFiles read() {
        return read(routes);
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
        Path file = sync.resolve(VERSION);
        if (!Files.exists(file)) {
            return FilesVersion.NONE;
        }
        try {
            return version(Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The file " + file + " cannot be read: " + e, e);
        }
    }

    private FilesVersion version(String text) {
        String[] words = text.strip().split(" ", -1);
        if (words.length != 2 || !words[0].matches("\\d{1,18}") || !words[1].matches("[0-9a-f]{64}|-")) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The file " + sync.resolve(VERSION)
                            + " is damaged; remove it, and the edge compares its files anew");
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

    /** Puts these files in place of those that are there, which are kept until the next time. */
    public void take(FilesVersion version, RouteFiles files) {
        try {
            clear(incoming());
            Files.createDirectories(incoming());
            for (Map.Entry<String, String> file : files.texts().entrySet()) {
                write(incoming().resolve(file.getKey()), file.getValue());
            }
            force(incoming());
            // From here on it is in force, whatever happens.
            write(incoming().resolve(VERSION), text(version));
            force(incoming());
        } catch (IOException e) {
            throw failed(e);
        }
        putInPlace();
    }

    /** Can be done again from the beginning at any point. */
    private void putInPlace() {
        try {
            FilesVersion version = version(Files.readString(incoming().resolve(VERSION), StandardCharsets.UTF_8));
            RouteFiles fresh = read(incoming());
            RouteFiles now = read(routes);
            if (!now.digest().equals(fresh.digest())) {
                keepFormer(now);
            }
            for (Map.Entry<String, String> file : fresh.texts().entrySet()) {
                if (!file.getValue().equals(now.texts().get(file.getKey()))) {
                    write(routes.resolve(file.getKey()), file.getValue());
                }
            }
            for (String name : now.texts().keySet()) {
                if (!fresh.texts().containsKey(name)) {
                    Files.deleteIfExists(routes.resolve(name));
                }
            }
            force(routes);
            settle(version);
            Files.deleteIfExists(incoming().resolve(VERSION));
            clear(incoming());
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private void keepFormer(RouteFiles now) throws IOException {
        Path former = sync.resolve("former");
        clear(former);
        Files.createDirectories(former);
        for (Map.Entry<String, String> file : now.texts().entrySet()) {
            write(former.resolve(file.getKey()), file.getValue());
        }
        force(former);
    }

    private static void write(Path file, String text) throws IOException {
        Path draft = file.resolveSibling("." + file.getFileName() + ".new");
        try (FileChannel out = FileChannel.open(
                draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                int unused = out.write(bytes);
            }
            out.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
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
                ErrorCode.STORAGE_DOWN, "The route files in " + routes + " cannot be changed: " + e, e);
    }
}
