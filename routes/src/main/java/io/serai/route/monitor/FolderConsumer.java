package io.serai.route.monitor;

import io.serai.cluster.lease.Candidacy;
import io.serai.cluster.lease.LeaseKeeper;
import io.serai.cluster.lease.LeaseName;
import io.serai.cluster.monitor.MonitorRoots;
import io.serai.cluster.monitor.MonitoredFiles;
import io.serai.cluster.storage.Receiving;
import io.serai.cluster.storage.Storage;
import io.serai.config.name.RouteId;
import io.serai.route.EventSource;
import io.serai.route.NodeParts;
import io.serai.route.RouteEntry;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;

/** Runs the route for the events of its folder, and looks through the folder while this node holds the lease. */
final class FolderConsumer extends DefaultConsumer {
    /** The group of the monitors' leases. */
    static final String GROUP = "monitor";

    private final FolderEndpoint endpoint;
    private EventSource.@Nullable Subscription subscription;
    private @Nullable Candidacy candidacy;

    FolderConsumer(FolderEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
        this.endpoint = endpoint;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        var camel = endpoint.getCamelContext();
        RouteId route = new RouteId(getRouteId());
        MonitorPlan plan = endpoint.plan(route);
        RouteEntry entry = new RouteEntry(this, NodeParts.require(camel, Storage.class));
        subscription =
                NodeParts.require(camel, EventSource.class).subscribe(route, endpoint.getMaxInFlight(), entry::run);
        FolderMonitor monitor = new FolderMonitor(
                plan,
                new FolderLook.Means(
                        NodeParts.require(camel, MonitorRoots.class),
                        NodeParts.require(camel, Receiving.class),
                        NodeParts.require(camel, MonitoredFiles.class),
                        NodeParts.require(camel, MonitorCounts.class)));
        candidacy = NodeParts.require(camel, LeaseKeeper.class).enter(new LeaseName(GROUP, route.value()), monitor);
    }

    @Override
    protected void doStop() throws Exception {
        Candidacy wish = candidacy;
        if (wish != null) {
            wish.close();
        }
        EventSource.Subscription taken = subscription;
        if (taken != null) {
            taken.close();
        }
        super.doStop();
    }
}
