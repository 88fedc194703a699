package io.serai.edge.tcp;

import java.net.InetSocketAddress;

/** A connection that is to be passed through: what the route of such a listener looks at. */
public record TcpArrival(String listener, InetSocketAddress client) {}
