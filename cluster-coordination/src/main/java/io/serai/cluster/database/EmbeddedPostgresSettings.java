package io.serai.cluster.database;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where and how the embedded PostgreSQL runs.
 *
 * @param folder everything of the database lies here: {@code <home>/database}
 * @param bindir the programs of an installed PostgreSQL (14 or newer) instead of those that Serai brings
 * @param userAccount the system user under whom it runs when this process is root
 * @param port on 127.0.0.1; 0 for a free one, which is then kept
 * @param maxConnections for all pools of this node together
 * @param options further settings of PostgreSQL by name, such as {@code shared_buffers}
 */
public record EmbeddedPostgresSettings(
        Path folder,
        Optional<Path> bindir,
        String userAccount,
        int port,
        int maxConnections,
        Map<String, String> options) {
    public static final String USER_ACCOUNT = "serai-db";

    public EmbeddedPostgresSettings {
        folder = folder.toAbsolutePath().normalize();
        options = Map.copyOf(options);
    }

    /** The usual: our own programs, the user {@code serai-db}, a free port, 100 connections. */
    public static EmbeddedPostgresSettings in(Path folder) {
        return new EmbeddedPostgresSettings(folder, Optional.empty(), USER_ACCOUNT, 0, 100, Map.of());
    }

    public EmbeddedPostgresSettings withBindir(Path programs) {
        return new EmbeddedPostgresSettings(folder, Optional.of(programs), userAccount, port, maxConnections, options);
    }

    public EmbeddedPostgresSettings withPort(int fixed) {
        return new EmbeddedPostgresSettings(folder, bindir, userAccount, fixed, maxConnections, options);
    }

    public EmbeddedPostgresSettings withMaxConnections(int count) {
        return new EmbeddedPostgresSettings(folder, bindir, userAccount, port, count, options);
    }

    public EmbeddedPostgresSettings withOptions(Map<String, String> further) {
        return new EmbeddedPostgresSettings(folder, bindir, userAccount, port, maxConnections, further);
    }
}
