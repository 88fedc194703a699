package io.serai.cluster.event;

import io.serai.cluster.node.FencingToken;
import io.serai.config.name.FileId;
import io.serai.config.name.RouteId;
import io.serai.config.name.TransferId;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * An event that this node may run, guarded by the token it was claimed with.
 *
 * @param attempt 1 for the first
 */
public record ClaimedEvent(
        EventId id,
        EventKind kind,
        RouteId route,
        String fairShare,
        Optional<TransferId> transfer,
        Optional<FileId> file,
        String path,
        Map<String, String> detail,
        int attempt,
        Instant created,
        FencingToken token) {
    public ClaimedEvent {
        detail = Map.copyOf(detail);
    }
}
