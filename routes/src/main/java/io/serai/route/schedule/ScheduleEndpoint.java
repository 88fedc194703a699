package io.serai.route.schedule;

import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.storage.Storage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.route.EventDetail;
import io.serai.route.EventSource;
import io.serai.route.NodeParts;
import io.serai.route.RouteEntry;
import io.serai.route.SeraiHeaders;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.MultipleConsumersSupport;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultEndpoint;
import org.jspecify.annotations.Nullable;

/**
 * Run a route whenever a Schedule object fires, once for each fire in the whole cluster.
 *
 * <p>The body is empty; headers name the schedule and the time.
 */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "schedule",
        title = "Schedule",
        syntax = "schedule:name",
        consumerOnly = true,
        remote = false,
        category = {Category.SCHEDULING},
        headersClass = SeraiHeaders.class)
public class ScheduleEndpoint extends DefaultEndpoint implements MultipleConsumersSupport {
    @UriPath(description = "The name of the Schedule object.")
    @Metadata(required = true)
    private String name = "";

    @UriParam(
            description = "How many fires of this route a node processes at the same time.",
            defaultValue = "1",
            javaType = "java.lang.Integer")
    private int maxInFlight = 1;

    public ScheduleEndpoint(String uri, ScheduleComponent component) {
        super(uri, component);
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        ScheduledRoute consumer = new ScheduledRoute(this, processor);
        configureConsumer(consumer);
        return consumer;
    }

    /** Several routes may follow one schedule, each with fires of its own. */
    @Override
    public boolean isMultipleConsumersSupported() {
        return true;
    }

    @Override
    public Producer createProducer() {
        throw new SeraiException(ErrorCode.INVALID, "schedule: begins a route and cannot be sent to");
    }

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }

    public int getMaxInFlight() {
        return maxInFlight;
    }

    public void setMaxInFlight(int maxInFlight) {
        this.maxInFlight = maxInFlight;
    }

    /** Takes the fires of the schedule while the route is started. */
    private static final class ScheduledRoute extends DefaultConsumer {
        private final ScheduleEndpoint endpoint;
        private EventSource.@Nullable Subscription subscription;
        private @Nullable Schedules schedules;

        ScheduledRoute(ScheduleEndpoint endpoint, Processor processor) {
            super(endpoint, processor);
            this.endpoint = endpoint;
        }

        @Override
        protected void doStart() throws Exception {
            super.doStart();
            var camel = endpoint.getCamelContext();
            RouteId route = new RouteId(getRouteId());
            RouteEntry entry = new RouteEntry(this, NodeParts.require(camel, Storage.class));
            subscription =
                    NodeParts.require(camel, EventSource.class).subscribe(route, endpoint.maxInFlight, entry::run);
            schedules = Schedules.of(camel);
            schedules.add(
                    route,
                    new Timing.Named(new ScheduleName(endpoint.name)),
                    (schedule, planned) -> event(route, schedule, planned));
        }

        private static NewEvent event(RouteId route, ScheduleName schedule, Instant planned) {
            return new NewEvent(
                    EventKind.SCHEDULE,
                    route,
                    schedule.value(),
                    5,
                    Optional.empty(),
                    Optional.empty(),
                    "",
                    Map.of(EventDetail.SCHEDULE, schedule.value(), EventDetail.FIRE_TIME, planned.toString()));
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
}
