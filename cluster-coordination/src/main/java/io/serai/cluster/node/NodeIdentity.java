package io.serai.cluster.node;

import io.serai.config.name.NodeName;
import java.util.List;
import java.util.UUID;

/**
 * Who a running server is.
 *
 * @param bootId made anew at every start of the process
 * @param version the version of Serai that it runs
 * @param address where operators and other nodes find it, {@code host:port}
 * @param capacity events that it runs at the same time at most
 * @param labels words that operators gave it
 */
public record NodeIdentity(
        NodeName name, UUID bootId, String version, String address, int capacity, List<String> labels) {
    public NodeIdentity {
        labels = List.copyOf(labels);
    }

    public NodeIdentity(NodeName name, UUID bootId, String version, String address) {
        this(name, bootId, version, address, 0, List.of());
    }
}
