package io.serai.route.schedule;

import io.serai.cluster.event.NewEvent;
import io.serai.config.name.ScheduleName;
import java.time.Instant;

/** What a fire of a route's clock does. */
public interface Firing {
    /** The event of a planned time. */
    NewEvent event(ScheduleName schedule, Instant planned);

    /** Whether the route may have another event now; asked before each fire, beside the rule about overlapping. */
    default boolean mayFire() {
        return true;
    }
}
