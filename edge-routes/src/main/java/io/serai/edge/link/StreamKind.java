package io.serai.edge.link;

import io.serai.edge.message.Method;

/** Which side of a stream sends bytes. */
public enum StreamKind {
    /** The side that opened it sends. */
    WRITE,
    /** The side that was asked sends. */
    READ,
    /** Both send: a TCP connection, each direction with an end of its own. */
    BOTH;

    /**
     * What a peer opens with this method. What is asked of an unknown one is not known to be a read or a write; its DATA, if
     * any, is within the early window.
     */
    static StreamKind of(int method) {
        if (method == Method.READ.number()) {
            return READ;
        }
        boolean both = method == Method.TCP_CONNECT.number() || method == Method.TCP_ACCEPTED.number();
        return both ? BOTH : WRITE;
    }
}
