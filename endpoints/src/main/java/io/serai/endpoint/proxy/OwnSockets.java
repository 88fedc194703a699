package io.serai.endpoint.proxy;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The addresses of this process's own sockets that lead partners to listeners of the same process, whose word about the
 * client is taken. An address that the kernel has given to one of our sockets cannot be another process's. Safe for several
 * threads.
 */
public final class OwnSockets {
    private static final Map<SocketAddress, String> OPEN = new ConcurrentHashMap<>();

    private OwnSockets() {}

    /**
     * To be called before the socket connects.
     *
     * @param leadsTo which listeners take its word: those whose options name it behind {@link TrustedBalancers#THIS_PROCESS}
     */
    public static void add(InetSocketAddress local, String leadsTo) {
        OPEN.put(local, leadsTo);
    }

    /** To be called when the socket is closed. */
    public static void remove(InetSocketAddress local) {
        OPEN.remove(local);
    }

    static boolean lead(SocketAddress peer, String to) {
        return to.equals(OPEN.get(peer));
    }
}
