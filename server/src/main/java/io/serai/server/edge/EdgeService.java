package io.serai.server.edge;

import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.Reply;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves what an edge asks for itself, and passes on what it asks for partners. One for each edge. */
final class EdgeService implements LinkHandler {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeService.class);
    private static final byte[] NOTHING = new byte[0];
    private static final Reply NO_ZONE = refusal(Status.UNAVAILABLE, "this edge belongs to no zone");

    private final LinkHandler partners;
    private final Configs configs;
    private final OneAtATime requests;

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
        this.requests = new OneAtATime(worker);
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
        requests.ask(() -> answer(link, request, files), reply -> request.reply(reply.status(), reply.payload()));
    }

    private Reply answer(Link link, IncomingRequest request, boolean files) {
        try {
            return files ? files(link, request) : sync(link, request);
        } catch (ProtocolViolation e) {
            LOG.warn("{} sent {} that cannot be: {}", link, files ? "route files" : "a state", e.text());
            return refusal(Status.PROTOCOL, e.text());
        } catch (SeraiException e) {
            return refusal(Status.UNAVAILABLE, e.text());
        }
    }

    private static Reply refusal(Status status, String text) {
        return new Reply(status, new Failure(text, 0).encode());
    }

    private Reply sync(Link link, IncomingRequest request) throws ProtocolViolation {
        EdgeState state = EdgeState.decode(request.payload());
        said = new Said(link, state);
        // Its name is proved by its key: it learns its own configuration and no other.
        Optional<EdgeConfig> config = configs.config(link.peer().node(), state.routes());
        if (config.isEmpty()) {
            return NO_ZONE;
        }
        if (config.get().digest().equals(state.digest())) {
            return new Reply(Status.OK, NOTHING);
        }
        return EdgeOffers.excess(config.get())
                .map(excess -> refusal(Status.UNAVAILABLE, excess))
                .orElseGet(() -> new Reply(Status.OK, config.get().encode()));
    }

    private Reply files(Link link, IncomingRequest request) throws ProtocolViolation {
        FilesState state = FilesState.decode(request.payload());
        return configs.files(link.peer().node(), state)
                .map(answer -> new Reply(Status.OK, answer.encode()))
                .orElse(NO_ZONE);
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
