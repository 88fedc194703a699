package io.serai.route.site.outbound;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;

/** A way by which a socket reaches a destination. Safe for several threads. */
public interface OutboundPath {
    /** From this host, by its own routes and name servers. */
    OutboundPath DIRECT = new DirectPath();

    /** Connects a socket to an address, without any path. */
    @FunctionalInterface
    interface Dial {
        void connect(SocketAddress address, int withinMillis) throws IOException;
    }

    /**
     * Connects the socket so that its next byte, either way, is the destination's.
     *
     * @param dial connects this very socket
     * @param destination unresolved where names are not ours to resolve
     * @param withinMillis 0 for no limit
     * @throws ProxyDown if another way may be tried
     */
    void connect(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis) throws IOException;

    /** This way, for sockets that belong together: all that are connected by what is returned leave at the same place. */
    default OutboundPath ofOneConnection() {
        return this;
    }

    /** Whether names are resolved here. */
    boolean isDirect();
}
