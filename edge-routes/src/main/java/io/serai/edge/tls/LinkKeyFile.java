package io.serai.edge.tls;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * The file of a node's link key, which its owner alone can read. It is always whole: it comes by the rename of a synced
 * file.
 */
public final class LinkKeyFile {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> FOLDER = PosixFilePermissions.fromString("rwx------");

    private final Path file;
    private final Optional<SecretText> passphrase;

    public LinkKeyFile(Path file) {
        this(file, Optional.empty());
    }

    /** @param passphrase encrypts the key; one that is in clear yet is encrypted when it is read */
    public LinkKeyFile(Path file, Optional<SecretText> passphrase) {
        this.file = file.toAbsolutePath();
        this.passphrase = passphrase;
    }

    public boolean exists() {
        return Files.exists(file);
    }

    /** The key that is there, or a new one that is there from now on. */
    public LinkIdentity openOrMake(LinkRole role, String node, InstantSource clock) {
        if (!exists()) {
            write(LinkIdentity.make(role, node, clock));
        }
        return read();
    }

    /** @throws SeraiException {@code INVALID} when it is not there, is damaged, or others may read it */
    public LinkIdentity read() {
        String text = readPrivate(file);
        if (!EncryptedKey.isEncrypted(text)) {
            LinkIdentity identity = LinkIdentity.fromPem(text);
            if (passphrase.isPresent()) {
                write(identity);
            }
            return identity;
        }
        return EncryptedKey.open(
                text,
                passphrase.orElseThrow(() -> new SeraiException(
                        ErrorCode.INVALID,
                        "The key in " + file + " is encrypted: give its passphrase by keyPassphrase in the settings, or"
                                + " remove the folder keys and enrol again")),
                file);
    }

    public void write(LinkIdentity identity) {
        write(
                file,
                passphrase.map(secret -> EncryptedKey.seal(identity, secret)).orElseGet(identity::toPem));
    }

    /** The text of a file that others must not be able to read. */
    public static String readPrivate(Path file) {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (!OWNER_ONLY.containsAll(permissions)) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "The file " + file + " is open to other users (" + PosixFilePermissions.toString(permissions)
                                + "): find out who may have read it, then \"chmod 600 " + file + "\"");
            }
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The file " + file + " cannot be read: " + e, e);
        }
    }

    /** Puts a file in place that only its owner can read, with its folder if need be. */
    public static void write(Path file, String text) {
        Path folder = file.toAbsolutePath().resolveSibling("");
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(FOLDER));
            }
            Path draft = folder.resolve(file.getFileName() + "." + UUID.randomUUID() + ".new");
            try {
                writeNew(draft, text);
                Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                Files.deleteIfExists(draft);
                throw e;
            }
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.STORAGE_DOWN, "The file " + file + " cannot be written: " + e, e);
        }
    }

    private static void writeNew(Path draft, String text) throws IOException {
        try (FileChannel out = FileChannel.open(
                draft,
                EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(OWNER_ONLY))) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
    }
}
