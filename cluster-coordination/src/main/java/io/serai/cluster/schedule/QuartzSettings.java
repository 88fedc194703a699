package io.serai.cluster.schedule;

import io.serai.cluster.database.Database;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.quartz.impl.jdbcjobstore.PostgreSQLDelegate;
import org.quartz.utils.ConnectionProvider;
import org.quartz.utils.DBConnectionManager;

/** How a node's Quartz scheduler shares its triggers with those of the other nodes. */
public final class QuartzSettings {
    private static final String THREADS = "4";

    private final String source = "serai-" + UUID.randomUUID();
    private final NodeName node;

    /** @param node unique among the nodes that run */
    public QuartzSettings(Database database, NodeName node) {
        this.node = node;
        DBConnectionManager.getInstance().addConnectionProvider(source, new Pool(database));
    }

    /** Quartz' own settings. */
    public Map<String, String> properties() {
        Map<String, String> settings = new HashMap<>();
        settings.put("org.quartz.scheduler.instanceName", source);
        settings.put("org.quartz.scheduler.instanceId", node.value());
        settings.put("org.quartz.scheduler.skipUpdateCheck", "true");
        settings.put("org.quartz.threadPool.class", "org.quartz.simpl.SimpleThreadPool");
        settings.put("org.quartz.threadPool.threadCount", THREADS);
        settings.put("org.quartz.threadPool.makeThreadsDaemons", "true");
        settings.put("org.quartz.jobStore.class", SharedJobStore.class.getName());
        settings.put("org.quartz.jobStore.driverDelegateClass", PostgreSQLDelegate.class.getName());
        settings.put("org.quartz.jobStore.dataSource", source);
        settings.put("org.quartz.jobStore.tablePrefix", "quartz_");
        settings.put("org.quartz.jobStore.isClustered", "true");
        // Texts instead of serialised objects.
        settings.put("org.quartz.jobStore.useProperties", "true");
        return settings;
    }

    /** Quartz borrows from the node's pool. */
    private record Pool(Database database) implements ConnectionProvider {
        @Override
        public Connection getConnection() throws SQLException {
            return database.dataSource().getConnection();
        }

        @Override
        public void shutdown() {
            // The pool belongs to the node.
        }

        @Override
        public void initialize() {
            // It is open already.
        }
    }
}
