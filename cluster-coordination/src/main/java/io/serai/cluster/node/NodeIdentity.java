package io.serai.cluster.node;

import io.serai.config.name.NodeName;
import java.util.UUID;

/**
 * Who a running server is.
 *
 * @param bootId made anew at every start of the process
 * @param version the version of Serai that it runs
 * @param address where operators and other nodes find it, {@code host:port}
 */
public record NodeIdentity(NodeName name, UUID bootId, String version, String address) {}
