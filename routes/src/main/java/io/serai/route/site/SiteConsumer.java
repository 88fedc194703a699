package io.serai.route.site;

import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.EventQueue.EventFilter;
import io.serai.cluster.event.EventQueue.EventView;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.limit.LimitOwner;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.pull.PulledFiles;
import io.serai.cluster.storage.Receiving;
import io.serai.cluster.storage.Storage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.Site;
import io.serai.route.EventContext;
import io.serai.route.EventDetail;
import io.serai.route.EventSource;
import io.serai.route.NodeParts;
import io.serai.route.RouteEntry;
import io.serai.route.schedule.Firing;
import io.serai.route.schedule.Schedules;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.CamelContext;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pulls from a site when its clock strikes, and runs the route for each file that was fetched. A pull is an event, so that
 * any node may do it; the files it fetches are events of their own.
 */
public class SiteConsumer extends DefaultConsumer {
    private static final Logger LOG = LoggerFactory.getLogger(SiteConsumer.class);
    private static final int PULL_PRIORITY = 6;
    private static final int LOOK_AT = 50;
    private static final Duration PARKED_REST = Duration.ofMinutes(15);

    private final SiteEndpoint endpoint;
    private EventSource.@Nullable Subscription subscription;
    private @Nullable Schedules schedules;

    public SiteConsumer(SiteEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
        this.endpoint = endpoint;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        CamelContext camel = endpoint.getCamelContext();
        RouteId route = new RouteId(getRouteId());
        PullPlan plan = endpoint.plan(route);
        RouteEntry entry = new RouteEntry(this, NodeParts.require(camel, Storage.class));
        Pulling pulling = new Pulling(
                endpoint.getComponent().connections(),
                NodeParts.require(camel, Receiving.class),
                NodeParts.require(camel, PulledFiles.class));
        ObjectStore objects = NodeParts.require(camel, ObjectStore.class);
        subscription = NodeParts.require(camel, EventSource.class)
                .subscribe(route, endpoint.getMaxInFlight(), context -> handle(context, entry, pulling, plan, objects));
        EventQueue queue = NodeParts.require(camel, EventQueue.class);
        schedules = Schedules.of(camel);
        endpoint.addClock(schedules, route, new Pulls(queue, route, plan));
    }

    private static void handle(
            EventContext context, RouteEntry entry, Pulling pulling, PullPlan plan, ObjectStore objects)
            throws Exception {
        if (context.event().kind() != EventKind.PULL) {
            entry.run(context);
            return;
        }
        Site site = objects.find(Site.class, plan.site().value())
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT,
                        "There is no site " + plan.site() + "; apply one, then retry the event"));
        try {
            pulling.run(plan, site, context);
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.SITE_FULL) {
                context.waitFor(LimitOwner.of(site.name()), site.maxParallel());
            }
            throw e;
        }
    }

    /**
     * One pull of a route is enough at a time: while one is queued, running or waiting for another attempt, fires make no
     * further ones. A parked one rests for a while and is then replaced, so that a mended site is pulled from again
     * without anybody's help and a broken one is not asked at every fire.
     */
    private static boolean mayPull(EventQueue queue, RouteId route) {
        List<EventView> live = queue.find(
                new EventFilter(Optional.empty(), Optional.of(route), Optional.empty(), Optional.empty(), LOOK_AT));
        for (EventView event : live) {
            if (event.kind() == EventKind.PULL) {
                if (!event.state().equals("parked") || restsStill(event)) {
                    LOG.debug("Route {}: no further pull while event {} is {}", route, event.id(), event.state());
                    return false;
                }
                queue.cancel(event.id(), "a later pull of the route");
            }
        }
        return true;
    }

    private static boolean restsStill(EventView event) {
        Instant since = event.history().stream()
                .map(EventQueue.Attempt::ended)
                .max(Instant::compareTo)
                .orElse(event.created());
        return since.plus(PARKED_REST).isAfter(Instant.now());
    }

    /** What a fire of the route's clock does. */
    private record Pulls(EventQueue queue, RouteId route, PullPlan plan) implements Firing {
        @Override
        public NewEvent event(ScheduleName schedule, Instant planned) {
            return pullEvent(plan, schedule, planned);
        }

        @Override
        public boolean mayFire() {
            return mayPull(queue, route);
        }
    }

    private static NewEvent pullEvent(PullPlan plan, ScheduleName schedule, Instant planned) {
        return new NewEvent(
                EventKind.PULL,
                plan.route(),
                plan.site().value(),
                PULL_PRIORITY,
                Optional.empty(),
                Optional.empty(),
                plan.path(),
                Map.of(
                        EventDetail.SITE, plan.site().value(),
                        EventDetail.SCHEDULE, schedule.value(),
                        EventDetail.FIRE_TIME, planned.toString()));
    }

    @Override
    protected void doStop() throws Exception {
        if (schedules != null) {
            schedules.remove(new RouteId(getRouteId()));
        }
        EventSource.Subscription taken = subscription;
        if (taken != null) {
            taken.close();
        }
        super.doStop();
    }
}
