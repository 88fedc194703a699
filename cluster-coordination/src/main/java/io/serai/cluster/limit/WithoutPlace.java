package io.serai.cluster.limit;

import io.serai.config.name.SessionId;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * Sessions that were seen without a place by one round after the other. One alone may have looked in the moment before a session that
 * comes back to this node takes its place again. For one thread.
 */
final class WithoutPlace {
    private Set<SessionId> before = Set.of();

    /**
     * What this round saw.
     *
     * @return those that the round before saw, too
     */
    List<SessionId> seen(Collection<SessionId> now) {
        List<SessionId> twice = now.stream().filter(before::contains).toList();
        before = Set.copyOf(now);
        return twice;
    }
}
