package io.serai.cluster.database;

import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where tests put servers: under {@code target}, or under the temporary folder when PostgreSQL's user cannot go there. */
final class TestFolders {
    private TestFolders() {}

    static Path reachable(String name) throws IOException {
        return root().resolve(name);
    }

    /** PostgreSQL's programs, unpacked once for all test runs of a module. */
    static Path programs() throws IOException {
        return PostgresBinaries.unpackInto(root());
    }

    private static Path root() throws IOException {
        Path target = Path.of("target", "databases").toAbsolutePath();
        Files.createDirectories(target);
        try {
            PostgresAccount.of(EmbeddedPostgresSettings.USER_ACCOUNT).checkReaches(target);
            return target;
        } catch (SeraiException e) {
            Path temporary = Path.of(
                    System.getProperty("java.io.tmpdir"), "serai-test-databases-" + System.getProperty("user.name"));
            Files.createDirectories(temporary);
            return temporary;
        }
    }
}
