package io.serai.edge.tcp;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the streams of some methods to servers of their own, and everything else to another handler. What is not in the
 * map is not served here, whoever asks: a server has no TCP_CONNECT, an edge no TCP_ACCEPTED.
 */
public final class StreamSwitch implements LinkHandler {
    private static final Logger LOG = LoggerFactory.getLogger(StreamSwitch.class);

    private final Map<Method, StreamServer> servers;
    private final LinkHandler rest;

    public StreamSwitch(Map<Method, StreamServer> servers, LinkHandler rest) {
        this.servers = Map.copyOf(servers);
        this.rest = rest;
    }

    @Override
    public void request(Link link, IncomingRequest request) {
        rest.request(link, request);
    }

    @Override
    public void stream(Link link, LinkStream stream, int method, byte[] payload) {
        Optional<StreamServer> server = Method.of(method).map(servers::get);
        if (server.isEmpty()) {
            rest.stream(link, stream, method, payload);
            return;
        }
        try {
            server.get().serve(link, stream, payload);
        } catch (ProtocolViolation e) {
            LOG.warn("{} opened a stream that cannot be: {}", link, e.text());
            stream.result(Status.PROTOCOL, new Failure(e.text(), 0).encode());
        } catch (RuntimeException e) { // of one stream: the others on the connection are not to suffer
            LOG.error("A stream that {} opened could not be served", link, e);
            stream.result(Status.INTERNAL, new Failure("it could not be served", 0).encode());
        }
    }

    @Override
    public void event(Link link, int kind, byte[] payload) {
        rest.event(link, kind, payload);
    }
}
