package io.serai.cluster.node;

import io.serai.cluster.database.DatabaseSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The renewals' own connection, so that a busy pool cannot cost the lease; a silent server is given up after a quarter
 * of the lease. The renewing thread opens, any thread may abort; guarded by itself.
 */
public final class LeaseConnection {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseConnection.class);

    private final DatabaseSettings settings;
    private @Nullable Connection connection;

    /** @param ttl the length of the leases that are renewed over it */
    public LeaseConnection(DatabaseSettings settings, Duration ttl) {
        Duration silence = Duration.ofSeconds(Math.max(1, ttl.toSeconds() / 4));
        this.settings = settings.withSocketTimeout(silence).withApplicationName(settings.applicationName() + "-lease");
    }

    /** The open connection, or a new one. */
    public Connection open() throws SQLException {
        synchronized (this) {
            if (connection != null && !connection.isClosed()) {
                return connection;
            }
        }
        Connection fresh = settings.connect();
        synchronized (this) {
            connection = fresh;
        }
        return fresh;
    }

    /** Drops the connection; a call that waits on it fails. */
    public void abort() {
        Connection dropped;
        synchronized (this) {
            dropped = connection;
            connection = null;
        }
        if (dropped != null) {
            try {
                dropped.abort(Runnable::run);
            } catch (SQLException e) {
                LOG.debug("Aborting the renewals' connection failed: {}", e.toString());
            }
        }
    }
}
