package io.serai.cluster.leadership;

import io.serai.cluster.lease.LeaseKeeper;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.apache.camel.support.cluster.AbstractCamelClusterService;

/**
 * Leadership of namespaces by leases in PostgreSQL, for Camel's {@code master:} and {@code ClusteredRoutePolicy}.
 *
 * <p>Guarantees: at any moment of the database's clock at most one node holds a namespace's lease; its loss is told
 * before that lease ends, as long as the process runs at all, also while the database is silent; nothing is told before
 * the Camel context has started. A process that was frozen learns of its loss when it is thawed, so a leader may let one
 * more thing happen: leadership says who polls, and what must happen once is guarded by a fencing token in the database.
 *
 * <p>A namespace is led by the node that the spread of leases chooses among those that have a view of it.
 */
public final class PostgresClusterService extends AbstractCamelClusterService<PostgresClusterView> {
    private final LeaseKeeper keeper;
    private final ScheduledExecutorService timer;

    public PostgresClusterService(LeaseKeeper keeper) {
        super("serai");
        this.keeper = keeper;
        ScheduledThreadPoolExecutor single = new ScheduledThreadPoolExecutor(1, work -> {
            Thread thread = new Thread(work, "leadership");
            thread.setDaemon(true);
            return thread;
        });
        single.setRemoveOnCancelPolicy(true);
        this.timer = single;
    }

    @Override
    protected PostgresClusterView createView(String namespace) {
        return new PostgresClusterView(this, namespace, keeper, timer);
    }

    @Override
    protected void doShutdown() throws Exception {
        super.doShutdown();
        timer.shutdownNow();
    }
}
