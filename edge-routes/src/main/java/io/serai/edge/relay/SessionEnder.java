package io.serai.edge.relay;

import io.serai.config.name.SessionId;
import io.serai.endpoint.SessionControl;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends sessions that an edge's endpoints hold, on threads of its own: an endpoint may answer with the end of the session, which
 * goes over the very link whose event loop has called.
 */
public final class SessionEnder implements BiConsumer<SessionId, String> {
    private static final Logger LOG = LoggerFactory.getLogger(SessionEnder.class);

    private final SessionControl endpoints;
    private final Executor threads;

    /**
     * @param endpoints such as {@code new ActiveListeners(camel)::end}
     * @param threads where it may block
     */
    public SessionEnder(SessionControl endpoints, Executor threads) {
        this.endpoints = endpoints;
        this.threads = threads;
    }

    @Override
    public void accept(SessionId session, String reason) {
        try {
            threads.execute(() -> end(session, reason));
        } catch (RejectedExecutionException e) {
            LOG.debug("Session {} is not ended one by one: the edge is stopping", session, e);
        }
    }

    private void end(SessionId session, String reason) {
        try {
            if (!endpoints.end(session, reason)) {
                LOG.debug("Session {} was to be ended ({}), but no listener holds it", session, reason);
            }
        } catch (RuntimeException e) { // one connection must not keep the others
            LOG.error("The connection of session {} could not be closed", session, e);
        }
    }
}
