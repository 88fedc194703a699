package io.serai.cluster.schedule;

import io.serai.cluster.event.EventId;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import java.time.Instant;
import java.util.Optional;

/**
 * A fire as operators see it.
 *
 * @param planned the time that the schedule names, or at which somebody asked
 * @param outcome queued, overlapped or missed
 * @param event the state of its event while that is live, or how it ended
 */
public record FireView(
        ScheduleName schedule,
        RouteId route,
        Instant planned,
        Instant recorded,
        String outcome,
        Optional<String> note,
        Optional<String> askedBy,
        Optional<EventId> eventId,
        Optional<String> event) {}
