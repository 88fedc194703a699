package io.serai.server.node;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Where a node is found, for people: its machine and the port of its admin API. */
final class NodeAddress {
    private NodeAddress() {}

    /** {@code bound}: what the admin API binds; the machine's own name where that says nothing to others. */
    static String of(String bound, int port) {
        boolean telling = !bound.equals("0.0.0.0") && !bound.equals("::") && !isLoopback(bound);
        String host = telling ? bound : hostName(bound);
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
    }

    private static String hostName(String otherwise) {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return otherwise;
        }
    }
}
