package io.serai.endpoint.proxy;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The addresses of this process's own sockets that lead partners to listeners of the same process, whose word about the
 * client is taken. An address that the kernel has given to one of our sockets cannot be another process's. Safe for several
 * threads.
 */
public final class OwnSockets {
    private static final Set<SocketAddress> OPEN = ConcurrentHashMap.newKeySet();

    private OwnSockets() {}

    /** To be called before the socket connects. */
    public static void add(InetSocketAddress local) {
        OPEN.add(local);
    }

    /** To be called when the socket is closed. */
    public static void remove(InetSocketAddress local) {
        OPEN.remove(local);
    }

    static boolean include(SocketAddress peer) {
        return OPEN.contains(peer);
    }
}
