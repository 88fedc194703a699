package io.serai.cluster.limit;

import io.serai.config.name.AccountName;
import io.serai.config.name.NodeName;
import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import java.time.Instant;
import java.util.Optional;

/**
 * A session that has logged in, on whichever node.
 *
 * @param peer the client's address and port
 * @param software what the client says it is; outside text
 * @param endRequested an operator asked for its end and its node has not ended it yet
 */
public record ClusterSession(
        SessionId id,
        AccountName account,
        Protocol protocol,
        String listener,
        String peer,
        Optional<String> software,
        NodeName node,
        long epoch,
        Instant since,
        boolean endRequested) {}
