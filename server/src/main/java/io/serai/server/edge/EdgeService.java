package io.serai.server.edge;

import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.EdgeState;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves what an edge asks for itself, and passes on what it asks for partners. One for each edge. */
final class EdgeService implements LinkHandler {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeService.class);
    private static final byte[] NOTHING = new byte[0];

    private final LinkHandler partners;
    private final Function<String, Optional<EdgeConfig>> configs;
    private final Executor worker;
    /** One at a time, so that an edge that asks without end fills no queue. */
    private final AtomicBoolean syncing = new AtomicBoolean();

    private volatile @Nullable Said said;

    private record Said(Link link, EdgeState state) {}

    /** @param configs what the edge of a name should work with */
    EdgeService(LinkHandler partners, Function<String, Optional<EdgeConfig>> configs, Executor worker) {
        this.partners = partners;
        this.configs = configs;
        this.worker = worker;
    }

    /** What the edge said of itself over this link; empty when it has said nothing yet. */
    Optional<EdgeState> state(Link link) {
        Said last = said;
        return last == null || last.link() != link ? Optional.empty() : Optional.of(last.state());
    }

    @Override
    public void request(Link link, IncomingRequest request) {
        if (request.method() != Method.EDGE_SYNC.number()) {
            partners.request(link, request);
            return;
        }
        if (!syncing.compareAndSet(false, true)) {
            request.reply(Status.BUSY, NOTHING);
            return;
        }
        try {
            worker.execute(() -> {
                try {
                    sync(link, request);
                } finally {
                    syncing.set(false);
                }
            });
        } catch (RejectedExecutionException e) {
            syncing.set(false);
            request.reply(Status.BUSY, NOTHING);
        }
    }

    private void sync(Link link, IncomingRequest request) {
        try {
            EdgeState state = EdgeState.decode(request.payload());
            said = new Said(link, state);
            // Its name is proved by its key: it learns its own configuration and no other.
            Optional<EdgeConfig> config = configs.apply(link.peer().node());
            if (config.isEmpty()) {
                request.reply(Status.UNAVAILABLE, new Failure("this edge belongs to no zone", 0).encode());
            } else {
                boolean has = config.get().digest().equals(state.digest());
                request.reply(Status.OK, has ? NOTHING : config.get().encode());
            }
        } catch (ProtocolViolation e) {
            LOG.warn("{} sent a state that cannot be: {}", link, e.text());
            request.reply(Status.PROTOCOL, new Failure(e.text(), 0).encode());
        } catch (SeraiException e) {
            request.reply(Status.UNAVAILABLE, new Failure(e.text(), 0).encode());
        }
    }

    @Override
    public void stream(Link link, LinkStream stream, int method, byte[] payload) {
        partners.stream(link, stream, method, payload);
    }

    @Override
    public void event(Link link, int kind, byte[] payload) {
        partners.event(link, kind, payload);
    }
}
