package io.serai.cluster.database;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * PostgreSQL's programs as they come on the class path, unpacked once into a folder whose name is the archive's
 * checksum. The folder appears by a rename after everything in it was synced, so it is whole or not there.
 */
final class PostgresBinaries {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresBinaries.class);
    private static final String PREFIX = "binaries-";
    private static final String DRAFT = "unpacking-";
    private static final int BUFFER_BYTES = 64 * 1024;

    private PostgresBinaries() {}

    /** Returns the folder of the programs (initdb, postgres) under {@code parent}, unpacking them if need be. */
    static Path unpackInto(Path parent) {
        String resource = resourceName();
        try {
            Path target = parent.resolve(PREFIX + checksum(resource).substring(0, 16));
            if (!Files.isDirectory(target)) {
                unpack(resource, parent, target);
            }
            return target.resolve("bin");
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.NO_SPACE, "PostgreSQL's programs could not be unpacked under " + parent + ": " + e, e);
        }
    }

    private static String resourceName() {
        String machine = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        String name = switch (machine) {
            case "amd64", "x86_64" -> "postgres-linux-x86_64.txz";
            case "aarch64" -> "postgres-linux-arm_64.txz";
            default -> "";
        };
        if (name.isEmpty() || PostgresBinaries.class.getClassLoader().getResource(name) == null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "there is no embedded PostgreSQL for " + System.getProperty("os.name") + " on " + machine
                            + ": set database.bindir to the programs of an installed PostgreSQL (14 or newer), or"
                            + " database.url to an external one");
        }
        return name;
    }

    private static InputStream open(String resource) throws IOException {
        InputStream stream = PostgresBinaries.class.getClassLoader().getResourceAsStream(resource);
        if (stream == null) {
            throw new IOException(resource + " is not on the class path");
        }
        return stream;
    }

    private static String checksum(String resource) throws IOException {
        try (InputStream archive = open(resource)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int count = archive.read(buffer); count >= 0; count = archive.read(buffer)) {
                digest.update(buffer, 0, count);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void unpack(String resource, Path parent, Path target) throws IOException {
        LOG.info("Unpacking PostgreSQL's programs into {}", target);
        Path draft = parent.resolve(DRAFT + UUID.randomUUID());
        Files.createDirectory(draft);
        try {
            try (TarArchiveInputStream tar =
                    new TarArchiveInputStream(new XZCompressorInputStream(new BufferedInputStream(open(resource))))) {
                for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                    unpackEntry(tar, entry, draft);
                }
            }
            makeReadable(draft);
            moveIntoPlace(draft, target);
            sync(parent);
        } finally {
            deleteTree(draft);
        }
    }

    private static void unpackEntry(TarArchiveInputStream tar, TarArchiveEntry entry, Path draft) throws IOException {
        Path path = draft.resolve(entry.getName()).normalize();
        if (!path.startsWith(draft)) {
            throw new IOException("an entry of PostgreSQL's archive leaves its folder: " + entry.getName());
        }
        // Static libraries are for building programs, not for running them.
        if (entry.getName().endsWith(".a")) {
            return;
        }
        if (entry.isDirectory()) {
            Files.createDirectories(path);
            return;
        }
        Files.createDirectories(path.resolveSibling("."));
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
            return;
        }
        Files.copy(tar, path);
        boolean executable = (entry.getMode() & 0100) != 0;
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
        sync(path);
    }

    /** The programs run as another user than the one who unpacked them. */
    private static void makeReadable(Path draft) throws IOException {
        try (Stream<Path> tree = Files.walk(draft)) {
            for (Path folder :
                    (Iterable<Path>) tree.filter(p -> Files.isDirectory(p, LinkOption.NOFOLLOW_LINKS))::iterator) {
                Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
                sync(folder);
            }
        }
    }

    private static void moveIntoPlace(Path draft, Path target) throws IOException {
        try {
            Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) { // the JDK has no class of its own for a folder that is not empty
            if (!Files.isDirectory(target)) {
                throw e;
            }
            LOG.debug("Another process unpacked {} first", target);
        }
    }

    static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Removes what unpacking left behind when it was killed; only while nobody else can be unpacking there. */
    static void removeDrafts(Path parent) throws IOException {
        removeTrees(parent, DRAFT);
    }

    static void removeTrees(Path parent, String prefix) throws IOException {
        List<Path> found;
        try (Stream<Path> entries = Files.list(parent)) {
            found = entries.filter(entry -> entry.getFileName().toString().startsWith(prefix))
                    .toList();
        }
        for (Path tree : found) {
            deleteTree(tree);
        }
    }

    static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> entries;
        try (Stream<Path> tree = Files.walk(root)) {
            entries = tree.sorted(Comparator.reverseOrder()).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        for (Path entry : entries) {
            Files.deleteIfExists(entry);
        }
    }

    /** The number before the first dot of {@code postgres --version}. */
    static int majorVersion(Path binaries) {
        Commands.Outcome told =
                Commands.run(List.of(binaries.resolve("postgres").toString(), "--version"));
        java.util.regex.Matcher version =
                java.util.regex.Pattern.compile("PostgreSQL\\) (\\d+)").matcher(told.output());
        if (!told.succeeded() || !version.find()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the PostgreSQL in " + binaries + " does not run: " + told.output()
                            + ": set database.bindir to the folder that holds initdb and postgres");
        }
        return Integer.parseInt(version.group(1));
    }

    static void write(Path file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }
}
