package io.serai.cluster.database;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Pattern;

/** The files of the embedded PostgreSQL: passwords, port, lock, data, and the text that it wrote while starting. */
final class PostgresFolder {
    private static final Pattern PORT = Pattern.compile("[1-9][0-9]{3,4}");
    private static final int PASSWORD_BYTES = 32;
    private static final String DRAFT = "data-draft-";

    private final Path root;
    private final PostgresAccount account;

    PostgresFolder(Path root, PostgresAccount account) {
        this.root = root;
        this.account = account;
    }

    Path root() {
        return root;
    }

    /** The cluster's files; there only when initdb had ended well. */
    Path data() {
        return root.resolve("data");
    }

    Path lock() {
        return root.resolve("lock");
    }

    Path startLog() {
        return root.resolve("start.log");
    }

    /** Makes what is missing and checks that PostgreSQL's user can get there. */
    void prepare() throws IOException {
        Files.createDirectories(root);
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
        account.checkReaches(root);
        if (!Files.exists(lock())) {
            Files.createFile(lock());
        }
        account.own(lock());
        Files.setPosixFilePermissions(lock(), PosixFilePermissions.fromString("rw-------"));
    }

    /**
     * Takes the folder for this process until the returned channel is closed, or fails. Whoever has it knows that the
     * process that had it before is dead, and may end what that one left.
     */
    FileChannel take() throws IOException {
        FileChannel channel =
                FileChannel.open(root.resolve("owner"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // Another server object of this very process has it; told below like any other.
        }
        channel.close();
        throw new SeraiException(
                ErrorCode.INVALID,
                "another server uses the database under " + root + ": stop it, or choose another home");
    }

    /** A new place where initdb works: a killed initdb may still be writing to an older one. */
    Path newDraft() throws IOException {
        Path parent = root.resolve(DRAFT + UUID.randomUUID());
        Files.createDirectory(parent);
        Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwx------"));
        account.own(parent);
        return parent.resolve("data");
    }

    void adopt(Path draft) throws IOException {
        Files.move(draft, data(), StandardCopyOption.ATOMIC_MOVE);
        PostgresBinaries.sync(root);
    }

    /** Removes what killed initdbs left; only while our own server holds the lock, so that none of them lives. */
    void removeDrafts() throws IOException {
        PostgresBinaries.removeTrees(root, DRAFT);
    }

    /** A password of 256 random bits that is made once and kept in a file that only this process' user reads. */
    SecretText password(String role) throws IOException {
        Path file = root.resolve("password-" + role);
        if (!Files.exists(file)) {
            byte[] random = new byte[PASSWORD_BYTES];
            new SecureRandom().nextBytes(random);
            writeAtomically(file, HexFormat.of().formatHex(random));
        }
        return new SecretText(Files.readString(file, StandardCharsets.UTF_8).strip());
    }

    /** A copy of a password that PostgreSQL's user may read, for initdb alone. */
    Path passwordForInitdb(Path draft, SecretText password) throws IOException {
        Path file = draft.resolveSibling("password");
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        PostgresBinaries.write(file, password.reveal());
        account.own(file);
        return file;
    }

    /** The wished port; with 0 that of the last time if it is free, else another free one, which is then kept. */
    int freePort(int wished) throws IOException {
        if (wished != 0) {
            if (!isFree(wished)) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "database.port " + wished + " is in use by another program: end that, or choose another port");
            }
            return wished;
        }
        Path file = root.resolve("port");
        if (Files.exists(file)) {
            String kept = Files.readString(file, StandardCharsets.UTF_8).strip();
            if (PORT.matcher(kept).matches() && isFree(Integer.parseInt(kept))) {
                return Integer.parseInt(kept);
            }
        }
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        writeAtomically(file, Integer.toString(port));
        return port;
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static void writeAtomically(Path file, String text) throws IOException {
        Path draft = file.resolveSibling(file.getFileName() + ".draft");
        Files.deleteIfExists(draft);
        Files.createFile(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        PostgresBinaries.write(draft, text);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        PostgresBinaries.sync(file.resolveSibling("."));
    }

    /** The end of what PostgreSQL wrote while starting, for an error message. */
    String lastWords() {
        try {
            String text =
                    Files.readString(startLog(), StandardCharsets.ISO_8859_1).strip();
            return text.substring(Math.max(0, text.length() - 800));
        } catch (IOException e) {
            return "it wrote nothing";
        }
    }
}
