package io.serai.server.node;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.server.admin.Caller;
import io.serai.server.admin.Role;
import io.serai.server.admin.TokenCheck;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/**
 * The local administrator: whoever can read {@code keys/admin-token} under the home, which is the server's own user. The
 * token is 256 random bits, made on the first start.
 */
final class LocalToken implements TokenCheck {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    /** What the history of changes calls the local administrator. */
    static final String CALLER = "local";

    private final byte[] token;

    private LocalToken(String token) {
        this.token = token.getBytes(StandardCharsets.UTF_8);
    }

    static LocalToken openOrCreate(Path home) {
        Path file = NodeFile.adminToken(home);
        try {
            Files.createDirectories(file.getParent());
            if (!Files.exists(file)) {
                create(file);
            }
            if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "Others may read the admin token " + file + "; chmod 600 it, and delete it"
                                + " if it may have been read: a new one is made at the next start");
            }
            return new LocalToken(Files.readString(file).trim());
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The admin token " + file + " cannot be used: " + e, e);
        }
    }

    private static void create(Path file) throws IOException {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.deleteIfExists(next);
        Files.createFile(next, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        Files.writeString(next, HexFormat.of().formatHex(bytes) + "\n", StandardOpenOption.SYNC);
        Files.move(next, file);
    }

    @Override
    public Optional<Caller> verify(String given) {
        return MessageDigest.isEqual(token, given.getBytes(StandardCharsets.UTF_8))
                ? Optional.of(new Caller(CALLER, Role.ADMIN))
                : Optional.empty();
    }
}
