package io.serai.server.edge;

import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.EdgeState;
import io.serai.edge.message.EdgeMessages.EdgeState.Routes;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesState;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves what an edge asks for itself, and passes on what it asks for partners. One for each edge. */
final class EdgeService implements LinkHandler {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeService.class);
    private static final byte[] NOTHING = new byte[0];
    private static final Failure NO_ZONE = new Failure("this edge belongs to no zone", 0);

    private final LinkHandler partners;
    private final Configs configs;
    private final Executor worker;
    /** One at a time, so that an edge that asks without end fills no queue. */
    private final AtomicBoolean syncing = new AtomicBoolean();

    private volatile @Nullable Said said;

    private record Said(Link link, EdgeState state) {}

    /** What edges of a name should work with; empty when it belongs to no zone. */
    interface Configs {
        Optional<EdgeConfig> config(String edge, Routes routes);

        /** What it is to do with its own route files. */
        Optional<FilesAnswer> files(String edge, FilesState state);
    }

    EdgeService(LinkHandler partners, Configs configs, Executor worker) {
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
        boolean files = request.method() == Method.EDGE_FILES.number();
        if (!files && request.method() != Method.EDGE_SYNC.number()) {
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
                    if (files) {
                        files(link, request);
                    } else {
                        sync(link, request);
                    }
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
            Optional<EdgeConfig> config = configs.config(link.peer().node(), state.routes());
            if (config.isEmpty()) {
                request.reply(Status.UNAVAILABLE, NO_ZONE.encode());
            } else if (config.get().digest().equals(state.digest())) {
                request.reply(Status.OK, NOTHING);
            } else {
                Optional<String> excess = EdgeOffers.excess(config.get());
                if (excess.isPresent()) {
                    request.reply(Status.UNAVAILABLE, new Failure(excess.get(), 0).encode());
                } else {
                    request.reply(Status.OK, config.get().encode());
                }
            }
        } catch (ProtocolViolation e) {
            LOG.warn("{} sent a state that cannot be: {}", link, e.text());
            request.reply(Status.PROTOCOL, new Failure(e.text(), 0).encode());
        } catch (SeraiException e) {
            request.reply(Status.UNAVAILABLE, new Failure(e.text(), 0).encode());
        }
    }

    private void files(Link link, IncomingRequest request) {
        try {
            FilesState state = FilesState.decode(request.payload());
            Optional<FilesAnswer> answer = configs.files(link.peer().node(), state);
            if (answer.isEmpty()) {
                request.reply(Status.UNAVAILABLE, NO_ZONE.encode());
            } else {
                request.reply(Status.OK, answer.get().encode());
            }
        } catch (ProtocolViolation e) {
            LOG.warn("{} sent route files that cannot be: {}", link, e.text());
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
