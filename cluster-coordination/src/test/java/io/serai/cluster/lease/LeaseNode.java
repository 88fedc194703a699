package io.serai.cluster.lease;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.node.NodeIdentity;
import io.serai.cluster.node.NodeLease;
import io.serai.config.name.NodeName;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/** A node that does nothing but hold leases: its own and named ones. */
public final class LeaseNode implements AutoCloseable {
    private final Database database;
    private final NodeLease lease;
    private final LeaseKeeper keeper;

    public LeaseNode(DatabaseSettings settings, String name, Duration ttl) {
        this.database = new Database(settings.withApplicationName(name));
        NodeName node = new NodeName(name);
        this.lease = new NodeLease(
                database, new NodeIdentity(node, UUID.randomUUID(), "test", "localhost:1"), Optional.empty(), ttl);
        this.keeper = new LeaseKeeper(new JdbcLeases(database, ttl), lease, node, ttl);
        lease.addListener(keeper);
        lease.start();
        keeper.start();
    }

    public LeaseKeeper keeper() {
        return keeper;
    }

    public NodeLease lease() {
        return lease;
    }

    public Database database() {
        return database;
    }

    @Override
    public void close() {
        keeper.close();
        lease.close();
        database.close();
    }
}
