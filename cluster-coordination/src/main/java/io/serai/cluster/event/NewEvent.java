package io.serai.cluster.event;

import io.serai.config.name.FileId;
import io.serai.config.name.RouteId;
import io.serai.config.name.TransferId;
import java.util.Map;
import java.util.Optional;

/**
 * An event to be queued.
 *
 * @param fairShare whose work it is: the account, or the site of a pull; events of different owners take turns
 * @param priority 0 (last) to 9 (first); 5 by default
 * @param path the file's path as data
 * @param detail further facts for the consumer, as text
 */
public record NewEvent(
        EventKind kind,
        RouteId route,
        String fairShare,
        int priority,
        Optional<TransferId> transfer,
        Optional<FileId> file,
        String path,
        Map<String, String> detail) {
    public NewEvent {
        detail = Map.copyOf(detail);
    }
}
