package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.database.EmbeddedPostgres;
import io.serai.cluster.database.EmbeddedPostgresSettings;
import io.serai.cluster.database.Migrations;
import io.serai.config.secret.SecretText;
import io.serai.config.settings.NodeSettings;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The shared database as this node reaches it: the embedded one, which it starts, or one that somebody else runs. */
final class NodeDatabase implements AutoCloseable {
    /** Beside the pool: leases, notifications, the pools of schedules and of routes' own transactions. */
    private static final int OTHER_CONNECTIONS = 76;

    private final @Nullable EmbeddedPostgres embedded;
    private final DatabaseSettings settings;
    private final Database database;

    private NodeDatabase(@Nullable EmbeddedPostgres embedded, DatabaseSettings settings) {
        this.embedded = embedded;
        this.settings = settings;
        this.database = new Database(settings);
    }

    /** Starts what has to be started, and brings the schema up to date. */
    static NodeDatabase start(NodeSettings settings) {
        String name = settings.node().name().value();
        Optional<NodeSettings.External> external = settings.database().external();
        if (external.isPresent()) {
            DatabaseSettings reach = DatabaseSettings.of(
                    external.get().url(),
                    external.get().user(),
                    external.get().password().orElse(new SecretText("")),
                    name);
            return opened(null, reach, settings);
        }
        EmbeddedPostgres embedded = new EmbeddedPostgres(embeddedSettings(settings));
        embedded.start();
        try {
            return opened(embedded, embedded.connection(name), settings);
        } catch (RuntimeException e) {
            embedded.close();
            throw e;
        }
    }

    private static EmbeddedPostgresSettings embeddedSettings(NodeSettings settings) {
        NodeSettings.Embedded embedded = settings.database().embedded();
        EmbeddedPostgresSettings usual = EmbeddedPostgresSettings.in(
                        settings.home().resolve("database"))
                .withPort(embedded.port())
                .withMaxConnections(settings.database().maxConnections() + OTHER_CONNECTIONS);
        Optional<Path> bindir = embedded.binaries();
        return bindir.isPresent() ? usual.withBindir(bindir.get()) : usual;
    }

    private static NodeDatabase opened(
            @Nullable EmbeddedPostgres embedded, DatabaseSettings reach, NodeSettings settings) {
        NodeSettings.Database limits = settings.database();
        DatabaseSettings limited = reach.withMaxConnections(limits.maxConnections())
                .withConnectTimeout(limits.connectTimeout())
                .withSocketTimeout(limits.socketTimeout())
                .withAcquisitionTimeout(limits.acquisitionTimeout());
        new Migrations(limited).apply();
        return new NodeDatabase(embedded, limited);
    }

    Database database() {
        return database;
    }

    DatabaseSettings settings() {
        return settings;
    }

    /** For people: where the database is. */
    String description() {
        return embedded == null ? settings.url() : "embedded PostgreSQL, " + settings.url();
    }

    @Override
    public void close() {
        database.close();
        EmbeddedPostgres own = embedded;
        if (own != null) {
            own.close();
        }
    }
}
