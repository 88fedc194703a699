package io.serai.server.node;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** The folders of a home. */
final class HomeFolders {
    private HomeFolders() {}

    /** Makes those that are missing. */
    static void make(Path home) {
        try {
            // Others may pass through, for the embedded database of a server that root runs has a user of its own.
            makeFolder(home, "rwx--x--x");
            makeFolder(home.resolve("keys"), "rwx------");
            makeFolder(home.resolve("spool"), "rwx------");
            makeFolder(home.resolve("run"), "rwxr-xr-x");
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The home " + home + " cannot be made: " + e + "; choose another with --home or SERAI_HOME",
                    e);
        }
    }

    private static void makeFolder(Path folder, String mode) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(mode));
        }
    }
}
