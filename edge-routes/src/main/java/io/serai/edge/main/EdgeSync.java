package io.serai.edge.main;

import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.home.KnownServers;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkAcceptor;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkListener;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.Reply;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.EdgeState;
import io.serai.edge.message.EdgeMessages.EdgeState.Routes;
import io.serai.edge.message.EventKind;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesState;
import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.relay.RelayedPartners;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps an edge at what its servers want: tells each server how the edge is, every few seconds and whenever something
 * changes, and takes the configuration that comes back. Nothing of it is written but the servers' pins. Of several servers
 * the one with the higher revision is right; at the same revision the edge stays with the one that it follows, as long
 * as that is there. What is in force belongs to the one thread.
 */
final class EdgeSync implements LinkHandler, LinkListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeSync.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long LOOK_MILLIS = 1_000;

    private final RelayedPartners partners;
    private final KnownServers servers;
    private final EdgeListeners listeners;
    private final Optional<OwnFiles> own;
    private final EdgeOutbound outbound;
    private final IntSupplier held;
    private final Supplier<LinkAcceptor> acceptor;
    private final Duration every;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread made = new Thread(task, "edge-sync");
        made.setDaemon(true);
        return made;
    });

    private @Nullable EdgeConfig inForce;
    private String followed = "";
    private String problem = "";
    private volatile boolean draining;
    /** Whether a round waits that begins after everything that was told so far. */
    private final AtomicBoolean asked = new AtomicBoolean();
    /** Whether a round waits because a server that is there has not heard everything: it was busy with this edge. */
    private boolean owed;

    /**
     * What is brought to what servers say.
     *
     * @param own the route files of this edge, if it has its own
     * @param held how many sessions and passed-through connections partners have here
     */
    record Parts(EdgeListeners listeners, Optional<OwnFiles> own, EdgeOutbound outbound, IntSupplier held) {}

    EdgeSync(
            RelayedPartners partners,
            KnownServers servers,
            Parts parts,
            Supplier<LinkAcceptor> acceptor,
            Duration every) {
        this.partners = partners;
        this.servers = servers;
        this.listeners = parts.listeners();
        this.own = parts.own();
        this.outbound = parts.outbound();
        this.held = parts.held();
        this.acceptor = acceptor;
        this.every = every;
    }

    void start() {
        if (own.isPresent()) {
            thread.scheduleWithFixedDelay(this::lookAtFiles, 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
        thread.scheduleWithFixedDelay(this::syncAll, 0, every.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** However often servers ask for it, at most one round waits for the one that goes on. */
    private void soon() {
        if (!asked.compareAndSet(false, true)) {
            return;
        }
        try {
            thread.execute(() -> {
                asked.set(false);
                syncAll();
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("The edge is stopping");
        }
    }

    /** What a busy server was not told is told a little later, and not only with the next regular round. */
    private void owe() {
        if (owed) {
            return;
        }
        owed = true;
        try {
            ScheduledFuture<?> unused = thread.schedule(
                    () -> {
                        owed = false;
                        syncAll();
                    },
                    LOOK_MILLIS,
                    TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("The edge is stopping");
        }
    }

    private void syncAll() {
        try {
            List<Link> links = acceptor.get().links();
            EdgeConfig former = inForce;
            links.stream().filter(Link::isUsable).forEach(this::sync);
            retry();
            syncFiles(links);
            if (inForce != former) {
                // The others learn at once what is in force now.
                links.stream().filter(Link::isUsable).forEach(this::sync);
            }
        } catch (RuntimeException e) { // the next round comes all the same
            LOG.error("The edge could not be brought to what its servers want", e);
        }
    }

    private void sync(Link link) {
        EdgeConfig now = inForce;
        EdgeState state = new EdgeState(
                now == null ? "" : now.digest(),
                held.getAsInt(),
                problem,
                own.isPresent() ? Routes.OWN : Routes.OF_SERVERS);
        try {
            Reply reply = link.call(0, Method.EDGE_SYNC, state.encode(), PATIENCE);
            if (reply.status() == Status.BUSY) {
                owe();
            } else if (reply.status() == Status.OK && reply.payload().length > 0) {
                take(link, EdgeConfig.decode(reply.payload()));
            }
        } catch (ProtocolViolation e) {
            LOG.warn("{} sent a configuration that cannot be: {}", link, e.text());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.TimeoutException | io.serai.edge.link.ConnectionLost e) {
            LOG.debug("{} did not answer", link, e);
        }
    }

    private void take(Link link, EdgeConfig offered) {
        if (servers.take(offered.servers())) {
            LOG.info(
                    "The servers that may link to this edge are now {}",
                    offered.servers().pins());
            acceptor.get().links().stream()
                    .filter(other ->
                            !servers.speaksFor(other.peer().pin(), other.peer().node()))
                    .forEach(other -> other.close(ByeCode.IDENTITY, "this server's key counts no more"));
        }
        String server = link.peer().node();
        EdgeConfig now = inForce;
        boolean newer = now == null
                || offered.revision() > now.revision()
                || offered.revision() == now.revision() && (server.equals(followed) || !isLinked(followed));
        if (newer) {
            LOG.info("{} gives revision {} of the configuration", link, offered.revision());
            inForce = offered;
            followed = server;
            apply(offered);
        }
    }

    private boolean isLinked(String server) {
        return acceptor.get().links().stream()
                .anyMatch(link -> link.isUsable() && link.peer().node().equals(server));
    }

    /** A port that was taken may be free now. */
    private void retry() {
        if (!problem.isEmpty()) {
            bring();
        }
    }

    private void apply(EdgeConfig config) {
        if (config.draining() != draining) {
            draining = config.draining();
            LOG.warn(
                    "This edge {}",
                    draining
                            ? "is drained: it takes no more partners (serai edge undrain ends this)"
                            : "takes partners again");
            acceptor.get().tell(new LinkStatus(draining, false, 0, 0, 0));
        }
        bring();
    }

    private void bring() {
        List<String> problems = new ArrayList<>();
        if (own.isPresent()) {
            problems.addAll(own.get().problems());
            problems.addAll(
                    listeners.apply(Optional.ofNullable(inForce), own.get().good()));
        } else if (inForce != null) {
            problems.addAll(listeners.apply(inForce));
        }
        if (inForce != null) {
            problems.addAll(outbound.apply(inForce.outbound()));
        }
        problem = String.join("; ", problems);
    }

    /** Whether operators want it to take no more partners. */
    boolean isDraining() {
        return draining;
    }

    // ---- route files of the edge's own ----

    private void lookAtFiles() {
        try {
            OwnFiles files = own.orElseThrow();
            String before = problem;
            FilesState told = files.state();
            // Also what changes nothing that is in force is to be told: a file that is no longer broken.
            boolean changed = files.look() || !files.state().equals(told);
            if (changed || !files.problems().isEmpty()) {
                bring();
            }
            if (changed || !problem.equals(before)) {
                syncAll();
            }
        } catch (RuntimeException e) { // the next look comes all the same
            LOG.error("The route files could not be looked at", e);
        }
    }

    /** By the first server that answers: they all know the same versions. */
    private void syncFiles(List<Link> links) {
        if (own.isEmpty()) {
            return;
        }
        for (Link link : links) {
            if (link.isUsable() && syncFiles(own.get(), link)) {
                return;
            }
        }
    }

    /** Whether there was an answer. */
    private boolean syncFiles(OwnFiles files, Link link) {
        try {
            Reply reply = link.call(0, Method.EDGE_FILES, files.state().encode(), PATIENCE);
            if (reply.status() == Status.BUSY) {
                owe();
            }
            if (reply.status() != Status.OK) {
                return false;
            }
            List<String> before = files.problems();
            if (files.follow(FilesAnswer.decode(reply.payload()))
                    || !files.problems().equals(before)) {
                bring();
            }
            return true;
        } catch (ProtocolViolation e) {
            LOG.warn("{} sent route files that cannot be: {}", link, e.text());
        } catch (SeraiException e) {
            LOG.error("The route files could not be changed: {}", e.text());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.TimeoutException | io.serai.edge.link.ConnectionLost e) {
            LOG.debug("{} did not answer", link, e);
        }
        return false;
    }

    // ---- what comes over links ----

    @Override
    public void request(Link link, IncomingRequest request) {
        partners.request(link, request);
    }

    @Override
    public void stream(Link link, LinkStream stream, int method, byte[] payload) {
        partners.stream(link, stream, method, payload);
    }

    @Override
    public void event(Link link, int kind, byte[] payload) {
        if (kind == EventKind.CONFIG_CHANGED.number()) {
            soon();
        } else {
            partners.event(link, kind, payload);
        }
    }

    @Override
    public void up(Link link) {
        partners.up(link);
        soon();
    }

    @Override
    public void changed(Link link) {
        partners.changed(link);
        if (link.isUsable()) { // what was said while it could not be used was lost
            soon();
        }
    }

    @Override
    public void lost(Link link, String why) {
        partners.lost(link, why);
    }

    @Override
    public void violation(String peer, String what) {
        partners.violation(peer, what);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
