package io.serai.server.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.serai.cluster.lease.LeaseKeeper;
import io.serai.cluster.schedule.FireCounts;
import io.serai.route.monitor.MonitorCounts;

/** This node's figures of what one node at a time does: named leases, fires of schedules, folder monitors. */
public final class LeadershipMeters {
    private LeadershipMeters() {}

    public static void register(MeterRegistry registry, LeaseKeeper leases, FireCounts fires, MonitorCounts monitors) {
        Gauge.builder("serai.leases.held", leases, LeaseKeeper::heldCount)
                .description("Named leases that this node holds")
                .register(registry);
        Gauge.builder("serai.leases.wished", leases, LeaseKeeper::wishedCount)
                .description("Named leases that this node holds or would take")
                .register(registry);
        for (FireCounts.Kind kind : FireCounts.Kind.values()) {
            FunctionCounter.builder("serai.schedule.fires", fires, counts -> counts.of(kind))
                    .tag("outcome", kind.word())
                    .description("Fires of schedules that this node decided about")
                    .register(registry);
        }
        Gauge.builder("serai.monitor.folders", monitors, MonitorCounts::folders)
                .description("Folders that this node monitors")
                .register(registry);
        Gauge.builder("serai.monitor.files", monitors, MonitorCounts::files)
                .description("Files in these folders that a route wants, taken or not, at the last look")
                .register(registry);
        FunctionCounter.builder("serai.monitor.looks", monitors, MonitorCounts::looks)
                .description("Whole looks through monitored folders")
                .register(registry);
        FunctionCounter.builder("serai.monitor.taken", monitors, MonitorCounts::taken)
                .description("Files of monitored folders that became events")
                .register(registry);
        FunctionCounter.builder("serai.monitor.errors", monitors, MonitorCounts::errors)
                .description("Looks that failed, and files that could not be taken or cleared away")
                .register(registry);
    }
}
