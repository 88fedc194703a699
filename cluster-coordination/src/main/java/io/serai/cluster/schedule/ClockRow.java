package io.serai.cluster.schedule;

import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import java.time.Instant;

/**
 * Until when the times of a schedule were looked through for a route.
 *
 * @param now the database's clock when the row was read
 */
public record ClockRow(ScheduleName schedule, RouteId route, Instant lookedUntil, Instant now) {}
