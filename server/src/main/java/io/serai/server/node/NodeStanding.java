package io.serai.server.node;

import io.serai.cluster.node.FencingToken;
import io.serai.cluster.node.LeaseListener;
import io.serai.cluster.node.NodeLease;
import io.serai.cluster.node.WantedState;
import io.serai.config.error.SeraiException;
import io.serai.route.arrival.EventDispatcher;
import io.serai.route.session.PartnerSessions;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node takes work: when it has a lease, and operators want it to work. The lease's threads only tell it;
 * its own thread acts.
 *
 * <pre>
 *   lease lost:      sessions are ended, new ones refused; no events are claimed and those that run are stopped
 *   lease acquired:  new sessions are taken again, unless the node is drained
 *   drained:         not ready at once; no events are claimed; after the notice no new sessions; after the limit what
 *                    still runs is given back or broken off
 * </pre>
 *
 * <p>The lock guards what is wished for; the thread compares that with what it has done.
 */
final class NodeStanding implements LeaseListener {
    private static final Logger LOG = LoggerFactory.getLogger(NodeStanding.class);
    private static final Duration LOOK = Duration.ofMillis(100);

    private final NodeLease lease;
    private final PartnerSessions sessions;
    private final EventDispatcher dispatcher;
    private final NodeEdges edges;
    private final Duration notice;
    private final Duration limit;
    private final Thread thread = new Thread(this::run, "node-standing");
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable FencingToken token;
    private int losses;
    private volatile WantedState wanted = WantedState.ACTIVE;
    private long drainedNanos;
    private boolean closed;
    // Only of the thread.
    private @Nullable FencingToken followedUnder;
    private WantedState followed = WantedState.ACTIVE;
    private boolean taking = true;
    private boolean claiming = true;
    private boolean endedAll;
    private int handledLosses;
    private boolean failed;

    NodeStanding(
            NodeLease lease,
            PartnerSessions sessions,
            EventDispatcher dispatcher,
            NodeEdges edges,
            Duration notice,
            Duration limit) {
        this.edges = edges;
        this.lease = lease;
        this.sessions = sessions;
        this.dispatcher = dispatcher;
        this.notice = notice;
        this.limit = limit;
        thread.setDaemon(true);
    }

    /** Before anything is taken: a node that was drained when it stopped takes nothing, and nobody needs notice of that. */
    void prepare() {
        if (lease.wanted() == WantedState.DRAINING) {
            dispatcher.pause();
            claiming = false;
            edges.drain();
            sessions.drain();
            taking = false;
            LOG.info("This node is drained, as it was before (serai undrain ends this)");
        }
    }

    /** Follows the lease from now on. */
    void start() {
        lease.addListener(this);
        token = lease.token();
        wanted(lease.wanted());
        thread.start();
    }

    void stop() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isDraining() {
        return wanted == WantedState.DRAINING;
    }

    @Override
    public void acquired(FencingToken fresh) {
        lock.lock();
        try {
            token = fresh;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void lost(FencingToken ended) {
        // At once: what comes now must not be let in, and the rest may take time.
        edges.drain();
        sessions.drain();
        lock.lock();
        try {
            // A watchdog may tell this later than the renewer tells of the next lease.
            if (ended.equals(token)) {
                token = null;
            }
            losses++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void wanted(WantedState state) {
        lock.lock();
        try {
            if (state == wanted) {
                return;
            }
            LOG.info(
                    "Operators want this node to be {}",
                    state == WantedState.DRAINING ? "drained (serai undrain ends this)" : "active");
            wanted = state;
            drainedNanos = System.nanoTime();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            while (awaitTurn()) {
                try {
                    turn();
                } catch (
                        RuntimeException
                                e) { // without this thread the node would follow neither its lease nor operators
                    LOG.error("What this node takes was not settled; tried again", e);
                    failed = true;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Short rests while something is to be watched, long ones otherwise; false when the node stops. */
    private boolean awaitTurn() throws InterruptedException {
        lock.lock();
        try {
            boolean busy =
                    losses != handledLosses || wanted != followed || (wanted == WantedState.DRAINING && !endedAll);
            long left = busy && !failed ? LOOK.toNanos() : Duration.ofSeconds(1).toNanos();
            failed = false;
            if (!closed) {
                long unused = changed.awaitNanos(left);
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    private void turn() {
        FencingToken present;
        int seenLosses;
        lock.lock();
        try {
            present = token;
            seenLosses = losses;
        } finally {
            lock.unlock();
        }
        if (seenLosses != handledLosses) {
            edges.drain();
            sessions.drain();
            taking = false;
            LOG.info("Sessions are ended, for the lease is lost; those of edges go on at other servers");
            edges.letGo(sessions);
            sessions.endAll("the server lost its lease");
            handledLosses = seenLosses;
        }
        WantedState goal = wanted;
        if (goal == WantedState.DRAINING) {
            drain();
        } else if (present != null) {
            work();
        }
        if (present != null) {
            follow(goal, present);
        }
    }

    private void drain() {
        if (claiming) {
            dispatcher.pause();
            claiming = false;
            // Edges need no notice: they ask nobody but the servers themselves.
            edges.drain();
        }
        long since = System.nanoTime() - drainedNanos;
        if (taking && since >= notice.toNanos()) {
            sessions.drain();
            taking = false;
        }
        if (!endedAll && since >= notice.plus(limit).toNanos()) {
            if (!dispatcher.drain(Duration.ZERO) || sessions.openTransfers() > 0) {
                LOG.warn("Drained: what still runs after {} s is given back or broken off", limit.toSeconds());
            }
            edges.letGo(sessions);
            sessions.endAll("the server is drained");
            endedAll = true;
        }
    }

    private void work() {
        endedAll = false;
        if (!taking || !claiming) {
            edges.undrain();
        }
        if (!taking) {
            sessions.undrain();
            taking = true;
        }
        if (!claiming) {
            dispatcher.resume();
            claiming = true;
        }
    }

    /** Says in the node's row what it does, once for each epoch; tried again when the database is away. */
    private void follow(WantedState goal, FencingToken present) {
        boolean said = goal == followed && present.equals(followedUnder);
        boolean usual = goal == WantedState.ACTIVE && followed == WantedState.ACTIVE;
        if (said || usual) {
            followedUnder = present;
            return;
        }
        try {
            lease.follow(goal);
            followed = goal;
            followedUnder = present;
        } catch (SeraiException e) {
            LOG.debug("The node's row is written later: {}", e.text());
        }
    }
}
