package io.serai.config.secret;

import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.aead.AeadConfig;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * The file that holds the keys: Tink's JSON, mode 0600, always complete. It comes into being by a link and is changed by
 * a rename of a synced file, so that a crash leaves the old or the new keys and never half of them.
 */
final class KeyFile {
    private static final Set<PosixFilePermission> PRIVATE =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private final Path path;
    private final Path folder;

    KeyFile(Path path) {
        this.path = path.toAbsolutePath();
        this.folder = this.path.resolveSibling("");
    }

    KeysetHandle read() {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
            if (!PRIVATE.containsAll(permissions)) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "The key file " + path + " is open to other users ("
                                + PosixFilePermissions.toString(permissions)
                                + "): find out who may have read it, then \"chmod 600 " + path + "\"");
            }
            AeadConfig.register();
            return TinkJsonProtoKeysetFormat.parseKeyset(
                    Files.readString(path, StandardCharsets.UTF_8), InsecureSecretKeyAccess.get());
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The key file " + path + " cannot be read (" + e + "): it must belong to the user that runs the"
                            + " server, with mode 0600",
                    e);
        } catch (GeneralSecurityException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The key file " + path
                            + " is damaged: it is not a Tink keyset in JSON. Put it back from your backup",
                    e);
        }
    }

    /** Makes the file with these keys unless another process was faster; what stands there afterwards counts. */
    void create(KeysetHandle keyset) {
        try {
            Files.createDirectories(folder);
            Path draft = writeDraft(keyset);
            try {
                Files.createLink(path, draft);
            } catch (FileAlreadyExistsException otherWasFaster) {
                // Its keys are as good as ours, and they may be in use already.
            } finally {
                Files.deleteIfExists(draft);
            }
            syncFolder();
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The key file " + path + " cannot be made: " + e, e);
        }
    }

    /** Replaces the keys under a lock that other processes respect, and returns what is in the file then. */
    synchronized KeysetHandle replace(UnaryOperator<KeysetHandle> change) {
        Path lockFile = path.resolveSibling(path.getFileName() + ".lock");
        try (FileChannel channel = FileChannel.open(
                        lockFile,
                        EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(PRIVATE));
                FileLock lock = channel.lock()) {
            KeysetHandle changed = change.apply(read());
            Path draft = writeDraft(changed);
            Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE);
            syncFolder();
            return changed;
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "The key file " + path + " cannot be changed, the old keys stay: " + e, e);
        }
    }

    private Path writeDraft(KeysetHandle keyset) throws IOException {
        Path draft = path.resolveSibling(path.getFileName() + "." + UUID.randomUUID() + ".new");
        try (FileChannel out = FileChannel.open(
                draft,
                EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PRIVATE))) {
            String json = TinkJsonProtoKeysetFormat.serializeKeyset(keyset, InsecureSecretKeyAccess.get());
            ByteBuffer bytes = ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "The keys could not be written", e);
        }
        return draft;
    }

    private void syncFolder() throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
