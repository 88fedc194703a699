package io.serai.cluster.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseErrors;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's right to work in the cluster: a lease in the database, renewed four times in its length by a connection
 * of its own.
 *
 * <p>The database's clock decides when the lease ends; this node's monotonic clock says when to stop trusting it: 0.8 of
 * its length after the renewal <em>began</em>. From then on {@link #token} throws and the listeners hear of the loss, by
 * a watchdog that no blocked call can hold up. A lost lease never comes back: when the database answers again the node
 * takes a new one with a higher epoch, and what it had begun under the old epoch is taken over like a dead node's.
 *
 * <p>State is guarded by {@code lock}; listeners are called without it.
 */
public final class NodeLease implements Fence, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeLease.class);
    private static final double TRUSTED_PART = 0.8;
    /** The renewer is due four times in a lease, and a renewal that hangs is given up after a quarter. */
    private static final double STANDSTILL_PART = 0.6;

    private final Database database;
    private final NodeIdentity identity;
    private final Duration ttl;
    private final LongSupplier nanoClock;
    private final NodeRegistry registry;
    private final LeaseConnection renewals;
    private final Pulse pulse;
    private final Set<UUID> deadBoots = new HashSet<>();
    private final LongAdder renewed = new LongAdder();
    private final LongAdder failedRenewals = new LongAdder();
    private final LongAdder lost = new LongAdder();
    private final List<LeaseListener> listeners = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Thread renewer;
    private final Thread watchdog;
    private @Nullable FencingToken token;
    private long trustedUntilNanos;
    private boolean closed;
    private boolean hurried;
    private boolean barred;
    private volatile String address;
    private volatile Supplier<NodeLoad> load = () -> NodeLoad.NONE;
    private volatile Optional<LossReason> lastLoss = Optional.empty();
    private volatile Optional<WantedState> lastWanted = Optional.empty();

    /**
     * @param formerBoot the boot whose process is known to be dead, by {@link HomeLock#formerBoot}
     * @param ttl the lease's length, the same on all nodes of a cluster
     */
    public NodeLease(Database database, NodeIdentity identity, Optional<UUID> formerBoot, Duration ttl) {
        this(database, identity, formerBoot, ttl, System::nanoTime);
    }

    NodeLease(
            Database database, NodeIdentity identity, Optional<UUID> formerBoot, Duration ttl, LongSupplier nanoClock) {
        if (ttl.toMillis() < 1000) {
            throw new SeraiException(ErrorCode.INVALID, "node.lease must be at least 1 second");
        }
        this.database = database;
        this.identity = identity;
        this.ttl = ttl;
        this.nanoClock = nanoClock;
        this.address = identity.address();
        this.registry = new NodeRegistry(identity, ttl);
        this.pulse = new Pulse(nanoClock, (long) (ttl.toNanos() * STANDSTILL_PART));
        this.renewals = new LeaseConnection(database.settings(), ttl);
        this.deadBoots.add(identity.bootId());
        formerBoot.ifPresent(deadBoots::add);
        this.renewer = new Thread(this::keepRenewed, "lease-renewer");
        this.watchdog = new Thread(this::watch, "lease-watchdog");
        renewer.setDaemon(true);
        watchdog.setDaemon(true);
    }

    /** Listeners are called in the order in which they were added; add them before {@link #start}. */
    public void addListener(LeaseListener listener) {
        listeners.add(listener);
    }

    /**
     * Registers the node and begins to renew. If another boot still holds the name, waits until that lease ends; a
     * holder that renews meanwhile is alive, and this start is refused.
     */
    public void start() {
        Optional<Instant> seen = Optional.empty();
        long giveUp = System.nanoTime() + 3 * ttl.toNanos();
        while (true) {
            Optional<NodeRegistry.Registration.HeldByAnother> other = tryRegister();
            if (other.isEmpty()) {
                break;
            }
            Instant until = other.get().until();
            if ((seen.isPresent() && until.isAfter(seen.get())) || System.nanoTime() > giveUp) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "another server at " + other.get().address() + " is alive under the node name \""
                                + identity.name() + "\": give this server another node.name, or stop the other one");
            }
            if (seen.isEmpty()) {
                LOG.info("The name {} has a lease until {}; waiting for its end", identity.name(), until);
            }
            seen = Optional.of(until);
            pause(ttl.dividedBy(10));
        }
        pulse.beat();
        renewer.start();
        watchdog.start();
    }

    @Override
    public FencingToken token() {
        lock.lock();
        try {
            FencingToken present = token;
            if (present == null || nanoClock.getAsLong() - trustedUntilNanos >= 0) {
                throw new SeraiException(
                        ErrorCode.FENCED, "node " + identity.name() + " has no lease that it can trust at the moment");
            }
            return present;
        } finally {
            lock.unlock();
        }
    }

    public NodeIdentity identity() {
        return identity;
    }

    /** What is told with each renewal: how busy the node is, and where it is found. */
    public void report(Supplier<NodeLoad> source, String found) {
        load = source;
        address = found;
        hurry();
    }

    /** Renews soon, which also reads what operators want of this node. */
    public void hurry() {
        lock.lock();
        try {
            hurried = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What operators want of this node, as read last. */
    public WantedState wanted() {
        return lastWanted.orElse(WantedState.ACTIVE);
    }

    /** Tells the cluster that this node does what operators want of it; the lease goes on. */
    public void follow(WantedState state) {
        FencingToken present = token();
        database.execute(connection -> registry.follow(connection, present, state));
    }

    /**
     * Gives the lease up, because this node cannot work, and takes no new one until {@link #permit}. Others may do its
     * work at once.
     */
    public void forbid(LossReason reason) {
        FencingToken present;
        lock.lock();
        try {
            barred = true;
            present = token;
        } finally {
            lock.unlock();
        }
        if (present != null) {
            lose(present, reason);
            try {
                database.execute(connection -> registry.surrender(connection, present));
            } catch (SeraiException e) {
                LOG.warn("The lease of node {} ends by itself: {}", identity.name(), e.text());
            }
        }
    }

    /** Takes a lease again after {@link #forbid}. */
    public void permit() {
        lock.lock();
        try {
            barred = false;
        } finally {
            lock.unlock();
        }
        hurry();
    }

    public LeaseCounts counts() {
        return new LeaseCounts(renewed.sum(), failedRenewals.sum(), lost.sum());
    }

    /** Ends the lease at once. Give everything back first: what is left is taken over like a dead node's work. */
    @Override
    public void close() {
        FencingToken last;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            last = token;
            token = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        renewals.abort();
        join(renewer);
        join(watchdog);
        if (last != null) {
            tell(listener -> listener.lost(last));
            endInDatabase(last);
        }
    }

    private void endInDatabase(FencingToken last) {
        try {
            database.execute(connection -> registry.stop(connection, last, identity.bootId()));
        } catch (SeraiException e) {
            LOG.warn("The lease of node {} could not be ended; it ends by itself: {}", identity.name(), e.text());
        }
    }

    /** Registers; the other holder if there is one. */
    private Optional<NodeRegistry.Registration.HeldByAnother> tryRegister() {
        long began = nanoClock.getAsLong();
        NodeRegistry.Registration outcome =
                database.transaction(connection -> registry.register(connection, deadBoots, lastLoss));
        if (outcome instanceof NodeRegistry.Registration.HeldByAnother other) {
            return Optional.of(other);
        }
        if (outcome instanceof NodeRegistry.Registration.Registered registered) {
            FencingToken fresh = registered.token();
            adopt(fresh, began);
            LOG.info("Node {} has a lease with epoch {}", identity.name(), fresh.epoch());
            tell(listener -> listener.acquired(fresh));
            readWanted();
            return Optional.empty();
        }
        tell(LeaseListener::removed);
        throw registry.removed();
    }

    private void readWanted() {
        try {
            heed(database.statement(registry::wanted));
        } catch (SeraiException e) {
            LOG.debug("What operators want of this node is read with the next renewal: {}", e.text());
        }
    }

    private void heed(WantedState state) {
        lastWanted = Optional.of(state);
        tell(listener -> listener.wanted(state));
    }

    private void adopt(FencingToken fresh, long began) {
        lock.lock();
        try {
            token = fresh;
            trustedUntilNanos = began + (long) (ttl.toNanos() * TRUSTED_PART);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void keepRenewed() {
        while (awaitTurn(ttl.dividedBy(4))) {
            pulse.beat();
            try {
                renewOrRegister();
            } catch (RuntimeException e) { // without this thread the node would never have a lease again
                LOG.error("The lease of node {} was not renewed; tried again", identity.name(), e);
            }
        }
        renewals.abort();
    }

    private void renewOrRegister() {
        Optional<FencingToken> present = trustedToken();
        if (present.isPresent()) {
            renew(present.get());
        } else if (!isBarred()) {
            registerAgain();
        }
    }

    private boolean isBarred() {
        lock.lock();
        try {
            return barred;
        } finally {
            lock.unlock();
        }
    }

    private LossReason presumedReason() {
        return pulse.stoodStill() ? LossReason.FROZEN : LossReason.CUT_OFF;
    }

    private void renew(FencingToken present) {
        for (int attempt = 0; attempt < 3; attempt++) {
            long began = nanoClock.getAsLong();
            try {
                Optional<WantedState> state = registry.renew(renewals.open(), present, address, load.get());
                if (state.isPresent()) {
                    renewed.increment();
                    prolong(present, began);
                    heed(state.get());
                } else {
                    lose(present, presumedReason());
                }
                return;
            } catch (SQLException e) {
                failedRenewals.increment();
                pulse.beat();
                renewals.abort();
                LOG.warn(
                        "The lease of node {} was not renewed: {}",
                        identity.name(),
                        DatabaseErrors.of(e).text());
            }
            if (!awaitTurn(ttl.dividedBy(20)) || trustedToken().isEmpty()) {
                return;
            }
        }
    }

    private void prolong(FencingToken present, long began) {
        lock.lock();
        try {
            if (present.equals(token)) {
                trustedUntilNanos = began + (long) (ttl.toNanos() * TRUSTED_PART);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void registerAgain() {
        try {
            Optional<NodeRegistry.Registration.HeldByAnother> other = tryRegister();
            other.ifPresent(holder -> LOG.error(
                    "Another server at {} has taken the node name {}; this one stays without a lease",
                    holder.address(),
                    identity.name()));
            if (isBarred()) {
                forbid(LossReason.WITHOUT_STORAGE);
            }
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.RESOURCE || e.code() == ErrorCode.UNKNOWN_OUTCOME) {
                LOG.debug("No new lease yet: {}", e.text());
            } else {
                LOG.error("No new lease: {}", e.text());
            }
        }
    }

    private void watch() {
        lock.lock();
        try {
            while (!closed) {
                FencingToken present = token;
                long left = trustedUntilNanos - nanoClock.getAsLong();
                if (present == null) {
                    changed.await();
                } else if (left > 0) {
                    long unused = changed.awaitNanos(left);
                } else {
                    loseOutsideLock(present);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private void loseOutsideLock(FencingToken present) {
        lock.unlock();
        try {
            lose(present, presumedReason());
        } finally {
            lock.lock();
        }
    }

    private void lose(FencingToken ended, LossReason reason) {
        lock.lock();
        try {
            if (!ended.equals(token)) {
                return;
            }
            token = null;
            lastLoss = Optional.of(reason);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        LOG.error(
                "Node {} lost its lease with epoch {}: {}; it stops its work and tries to get a new one",
                identity.name(),
                ended.epoch(),
                reason.description());
        lost.increment();
        renewals.abort();
        tell(listener -> listener.lost(ended));
    }

    private void tell(java.util.function.Consumer<LeaseListener> call) {
        for (LeaseListener listener : listeners) {
            try {
                call.accept(listener);
            } catch (RuntimeException e) {
                LOG.error("A listener of the lease failed", e);
            }
        }
    }

    private Optional<FencingToken> trustedToken() {
        lock.lock();
        try {
            return Optional.ofNullable(token);
        } finally {
            lock.unlock();
        }
    }

    /** Waits; false when the lease was closed. */
    private boolean awaitTurn(Duration time) {
        lock.lock();
        try {
            long left = time.toNanos();
            while (!closed && !hurried && left > 0) {
                left = changed.awaitNanos(left);
            }
            hurried = false;
            return !closed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private static void pause(Duration time) {
        try {
            TimeUnit.MILLISECONDS.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SeraiException(ErrorCode.BUSY, "interrupted while waiting for the node's name", e);
        }
    }

    private void join(Thread thread) {
        if (thread == Thread.currentThread()) {
            return;
        }
        try {
            thread.join(ttl.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
