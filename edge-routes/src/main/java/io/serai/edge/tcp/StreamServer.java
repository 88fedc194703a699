package io.serai.edge.tcp;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;

/** Serves the streams of one method. Called on an event loop: must return at once. */
public interface StreamServer {
    /** Takes the stream by {@link LinkStream#accept} or refuses it by {@link LinkStream#result}, now or later. */
    void serve(Link link, LinkStream stream, byte[] payload) throws ProtocolViolation;
}
