package io.serai.endpoint;

import io.serai.config.object.Protocol;
import java.net.InetSocketAddress;

/** A listener that accepts connections; every inbound consumer is one. {@link ActiveListeners} finds them. */
public interface BoundListener {
    /** The listener's name: the part of the endpoint URI behind the scheme. */
    String listener();

    Protocol protocol();

    /** The address that it is bound to, with the real port when port 0 was asked for. */
    InetSocketAddress address();
}
