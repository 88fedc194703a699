package io.serai.server.metrics;

import com.sun.management.OperatingSystemMXBean;
import io.serai.cluster.node.NodeLoad;
import io.serai.cluster.node.StorageWatch;
import io.serai.route.arrival.EventDispatcher;
import io.serai.route.session.PartnerSessions;
import java.lang.management.ManagementFactory;
import java.util.function.Supplier;

/** How busy this node is at the moment. */
public record LoadReport(PartnerSessions sessions, EventDispatcher dispatcher, StorageWatch storage)
        implements Supplier<NodeLoad> {
    @Override
    public NodeLoad get() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        Runtime runtime = Runtime.getRuntime();
        return new NodeLoad(
                sessions.list().size(),
                dispatcher.running(),
                system.getCpuLoad(),
                (double) (runtime.totalMemory() - runtime.freeMemory()) / runtime.maxMemory(),
                storage.trouble());
    }
}
