package io.serai.server.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.serai.cluster.database.Database;
import io.serai.cluster.event.ClaimTimes;
import io.serai.cluster.event.JdbcEventQueue;
import io.serai.cluster.node.NodeLease;
import io.serai.cluster.node.StorageWatch;
import io.serai.cluster.node.Takeover;
import io.serai.config.error.SeraiException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** This node's figures as a member of the cluster: its lease, what it took over, how long events wait. */
public final class ClusterMeters {
    private static final long AGE_NANOS = Duration.ofSeconds(5).toNanos();

    private final JdbcEventQueue queue;
    private double oldestSeconds;
    private long oldestRead = System.nanoTime() - AGE_NANOS;

    private ClusterMeters(JdbcEventQueue queue) {
        this.queue = queue;
    }

    /** What is measured. */
    public record Subjects(
            Database database, NodeLease lease, JdbcEventQueue queue, Takeover takeover, StorageWatch storage) {}

    public static void register(MeterRegistry registry, Subjects subjects) {
        ClusterMeters meters = new ClusterMeters(subjects.queue());
        NodeLease lease = subjects.lease();
        FunctionCounter.builder("serai.lease.renewals", lease, l -> l.counts().renewals())
                .description("Renewals of this node's lease")
                .register(registry);
        FunctionCounter.builder(
                        "serai.lease.renewal.failures", lease, l -> l.counts().failures())
                .description("Renewals that failed and were tried again")
                .register(registry);
        FunctionCounter.builder("serai.lease.losses", lease, l -> l.counts().losses())
                .description("Leases that this node lost")
                .register(registry);
        FunctionCounter.builder("serai.takeovers", subjects.takeover(), Takeover::finished)
                .description("Takeovers that this node finished")
                .register(registry);
        FunctionCounter.builder("serai.fenced", subjects.database(), Database::fencedAttempts)
                .description("Steps that were refused because this node's lease had ended")
                .register(registry);
        Gauge.builder("serai.storage.up", subjects.storage(), watch -> watch.isUp() ? 1 : 0)
                .description("Whether this node can use the storage root")
                .register(registry);
        FunctionTimer.builder(
                        "serai.claim.latency",
                        subjects.queue().claimTimes(),
                        ClaimTimes::count,
                        ClaimTimes::totalSeconds,
                        TimeUnit.SECONDS)
                .description("How long events waited from when they were due until this node claimed them")
                .register(registry);
        Gauge.builder("serai.queue.oldest", meters, ClusterMeters::oldest)
                .baseUnit("seconds")
                .description("How long the oldest event that is ready has waited, cluster-wide")
                .register(registry);
    }

    /** Read every few seconds at most; what was read last while the database is away. */
    private synchronized double oldest() {
        if (System.nanoTime() - oldestRead >= AGE_NANOS) {
            oldestRead = System.nanoTime();
            try {
                oldestSeconds = queue.oldestReady().toMillis() / 1000.0;
            } catch (SeraiException e) {
                return oldestSeconds;
            }
        }
        return oldestSeconds;
    }
}
