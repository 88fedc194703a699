package io.serai.cluster.event;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import java.time.Duration;
import java.util.Optional;

/**
 * A wish about where events run: those that match are left to nodes with a label for a while. It never strands work: when
 * no such node lives, or none has taken an event in that time, any node takes it.
 *
 * @param label the word of {@code node.labels} that is preferred
 * @param account the account, or the site of a pull
 * @param patience how long an event is left to them at most
 */
public record PlacementRule(
        String name,
        String label,
        Optional<EventKind> kind,
        Optional<String> account,
        Optional<RouteId> route,
        Duration patience) {
    public static final Duration LONGEST_PATIENCE = Duration.ofMinutes(10);

    public PlacementRule {
        if (name.isBlank() || name.length() > 100 || label.isBlank()) {
            throw new SeraiException(ErrorCode.INVALID, "a placement rule needs a name and the label that it prefers");
        }
        if (kind.isEmpty() && account.isEmpty() && route.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "placement rule " + name + " matches nothing; give a kind, an account or a route");
        }
        if (patience.isNegative() || patience.compareTo(LONGEST_PATIENCE) > 0) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "placement rule " + name + ": events wait at most " + LONGEST_PATIENCE.toMinutes() + " minutes");
        }
    }
}
