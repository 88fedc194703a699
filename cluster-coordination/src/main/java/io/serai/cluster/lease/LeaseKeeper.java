package io.serai.cluster.lease;

import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.node.LeaseListener;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wishes for leases, keeps those that this node got, and gives them up when another node should have them.
 *
 * <p>Each node computes from the same rows which live candidate should hold which lease ({@link Spread}). A free lease is
 * taken by that node; by another one only after a while. A holder that should not be it gives the lease up by itself,
 * once the spread has stayed the same for the length of a lease, so that a node that comes and goes moves nothing.
 *
 * <p>The database's clock decides when a lease ends. This node's monotonic clock says when to stop trusting it: 0.8 of its
 * length after the renewal <em>began</em>. A watchdog that never touches the database tells the loss, so that a database
 * call that hangs cannot delay it.
 *
 * <p>State is guarded by {@code lock}. The keeper's thread alone calls the leases.
 */
public final class LeaseKeeper implements LeaseListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);
    private static final double TRUSTED_PART = 0.8;
    private static final Duration LONGEST_TURN = Duration.ofSeconds(1);
    private static final Duration JOIN_LIMIT = Duration.ofSeconds(2);
    private static final int TURNS_FOR_THE_BEST = 4;

    private final Leases leases;
    private final Fence fence;
    private final NodeName self;
    private final Duration ttl;
    private final Duration turn;
    private final LongSupplier nanoClock;
    private final ExecutorService holders;
    private final Thread keeper;
    private final Thread watchdog;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Candidacy> candidacies = new CopyOnWriteArrayList<>();
    private Survey survey = Survey.EMPTY;
    private Spread spread = Spread.of(Survey.EMPTY);
    private @Nullable FencingToken declaredAs;
    private Set<LeaseName> declared = Set.of();
    private long renewedNanos;
    private boolean woken;
    private boolean started;
    private boolean closed;

    /** @param ttl the leases' length, the same on all nodes; how long the spread must stay before a lease moves */
    public LeaseKeeper(Leases leases, Fence fence, NodeName self, Duration ttl) {
        this(leases, fence, self, ttl, System::nanoTime);
    }

    LeaseKeeper(Leases leases, Fence fence, NodeName self, Duration ttl, LongSupplier nanoClock) {
        this.leases = leases;
        this.fence = fence;
        this.self = self;
        this.ttl = ttl;
        Duration tenth = ttl.dividedBy(10);
        this.turn = tenth.compareTo(LONGEST_TURN) > 0 ? LONGEST_TURN : tenth;
        this.nanoClock = nanoClock;
        this.holders = Executors.newCachedThreadPool(work -> daemon(work, "lease-holder"));
        this.keeper = daemon(this::keep, "lease-keeper");
        this.watchdog = daemon(this::watch, "lease-holder-watchdog");
    }

    private static Thread daemon(Runnable body, String name) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Begins to keep leases. The node lease must tell this object of its losses. */
    public void start() {
        lock.lock();
        try {
            if (started || closed) {
                return;
            }
            started = true;
        } finally {
            lock.unlock();
        }
        keeper.start();
        watchdog.start();
    }

    /** Wishes for a lease until the candidacy is closed. Nothing is told before this returns. */
    public Candidacy enter(LeaseName name, LeaseHolder holder) {
        Candidacy candidacy = new Candidacy(this, lock, holders, name, holder);
        candidacies.add(candidacy);
        wake();
        return candidacy;
    }

    /** The leases that this node holds and can trust. */
    public long heldCount() {
        return candidacies.stream().filter(each -> each.held().isPresent()).count();
    }

    /** The leases that this node holds or would take. */
    public int wishedCount() {
        return candidacies.size();
    }

    /** Candidates and holders as the database last showed them. */
    public Survey survey() {
        lock.lock();
        try {
            return survey;
        } finally {
            lock.unlock();
        }
    }

    public NodeName self() {
        return self;
    }

    long nanos() {
        return nanoClock.getAsLong();
    }

    void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void leave(Candidacy candidacy) {
        lock.lock();
        try {
            candidacy.setLeaving();
            candidacy.giveUp();
        } finally {
            lock.unlock();
        }
        wake();
    }

    @Override
    public void acquired(FencingToken token) {
        wake();
    }

    /** Without its node lease a node holds no lease. */
    @Override
    public void lost(FencingToken token) {
        lock.lock();
        try {
            for (Candidacy candidacy : candidacies) {
                LeaseToken held = candidacy.token();
                if (held != null && held.holder().equals(token)) {
                    candidacy.lose();
                }
            }
        } finally {
            lock.unlock();
        }
        wake();
    }

    /** Gives every lease up, and waits at most a lease's length for the holders to stop. */
    @Override
    public void close() {
        candidacies.forEach(Candidacy::close);
        lock.lock();
        try {
            long left = started ? ttl.toNanos() : 0;
            while (left > 0 && !candidacies.isEmpty()) {
                left = changed.awaitNanos(left);
            }
            closed = true;
            changed.signalAll();
        } catch (InterruptedException e) {
            closed = true;
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
        join(keeper);
        leases.close();
        holders.shutdown();
    }

    private static void join(Thread thread) {
        try {
            thread.join(JOIN_LIMIT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- the keeper's thread ----

    private void keep() {
        while (awaitTurn()) {
            try {
                turn();
            } catch (SeraiException e) {
                sayWhy(e);
            } catch (RuntimeException e) { // without this thread no lease would be kept
                LOG.error("The leases of this node were not kept; tried again", e);
            }
        }
    }

    private static void sayWhy(SeraiException failure) {
        if (failure.kind() == ErrorKind.DEFECT) {
            LOG.error("The leases of this node were not kept; tried again", failure);
        } else if (failure.kind() == ErrorKind.FENCED) {
            LOG.debug("No leases while the node has none: {}", failure.text());
        } else {
            LOG.warn("The leases of this node were not kept; tried again: {}", failure.text());
        }
    }

    private void turn() {
        forgetIdle();
        releaseStopped();
        FencingToken node = fence.token();
        renew(node);
        declare(node);
        if (candidacies.isEmpty()) {
            return;
        }
        adopt(leases.survey());
        for (Candidacy candidacy : candidacies) {
            consider(candidacy, node);
        }
        // Last: a holder that is being told something takes no lease.
        show();
    }

    private void forgetIdle() {
        lock.lock();
        try {
            if (candidacies.removeIf(each -> each.isLeaving() && each.isIdle())) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void releaseStopped() {
        for (Candidacy candidacy : candidacies) {
            LeaseToken token = locked(() -> candidacy.mustRelease() ? candidacy.token() : null);
            if (token != null) {
                leases.release(token);
                locked(() -> {
                    candidacy.released();
                    return token;
                });
            }
        }
        forgetIdle();
    }

    private void renew(FencingToken node) {
        List<LeaseToken> held = new ArrayList<>();
        for (Candidacy candidacy : candidacies) {
            Optional.ofNullable(locked(candidacy::token)).ifPresent(held::add);
        }
        long began = nanos();
        if (held.isEmpty() || began - renewedNanos < ttl.dividedBy(4).toNanos()) {
            return;
        }
        Set<LeaseToken> renewed = leases.renew(node, held);
        renewedNanos = began;
        for (Candidacy candidacy : candidacies) {
            locked(() -> {
                LeaseToken token = candidacy.token();
                if (token != null && renewed.contains(token)) {
                    candidacy.prolong(trust(began));
                } else if (token != null && held.contains(token)) {
                    LOG.warn("The lease {} has ended, says the database", token.name());
                    candidacy.lose();
                }
                return token;
            });
        }
    }

    private void declare(FencingToken node) {
        Set<LeaseName> wished = candidacies.stream()
                .filter(each -> !each.isLeaving())
                .map(Candidacy::name)
                .collect(Collectors.toUnmodifiableSet());
        if (!wished.equals(declared) || !node.equals(declaredAs)) {
            leases.declare(node, wished);
            declared = wished;
            declaredAs = node;
        }
    }

    private void adopt(Survey fresh) {
        lock.lock();
        try {
            if (!fresh.equals(survey)) {
                survey = fresh;
                spread = Spread.of(fresh);
            }
        } finally {
            lock.unlock();
        }
    }

    private void show() {
        lock.lock();
        try {
            candidacies.forEach(each -> each.show(survey));
        } finally {
            lock.unlock();
        }
    }

    private void consider(Candidacy candidacy, FencingToken node) {
        Optional<NodeName> best = spread.best(candidacy.name());
        boolean mine = best.isEmpty() || best.get().equals(self);
        boolean acquire = Boolean.TRUE.equals(locked(() -> decide(candidacy, node, mine)));
        if (acquire) {
            acquire(candidacy, node);
        }
    }

    /** Gives up what should be elsewhere; whether a free lease is to be acquired. */
    private boolean decide(Candidacy candidacy, FencingToken node, boolean mine) {
        long now = nanos();
        return switch (candidacy.phase()) {
            case HELD -> {
                long elsewhere = candidacy.elsewhereNanos(!mine, now);
                boolean draining = survey.draining().contains(self);
                if (elsewhere >= (draining ? 0 : ttl.toNanos())) {
                    LOG.info("The lease {} is given up: another node should have it", candidacy.name());
                    candidacy.giveUp();
                }
                yield false;
            }
            case WAITING -> {
                Survey.Holder holder = survey.holders().get(candidacy.name());
                boolean ours = holder != null && holder.node().equals(self) && holder.epoch() == node.epoch();
                boolean free = holder == null || (ours && !isHeldByAnother(candidacy));
                long freeFor = candidacy.freeNanos(free, now);
                yield free
                        && !candidacy.isLeaving()
                        && candidacy.isIdle()
                        && (mine || freeFor >= TURNS_FOR_THE_BEST * turn.toNanos());
            }
            case GIVING_UP -> false;
        };
    }

    /** A former candidacy of this node for the same lease may not have stopped yet. */
    private boolean isHeldByAnother(Candidacy candidacy) {
        return candidacies.stream()
                .anyMatch(each -> each != candidacy && each.name().equals(candidacy.name()) && !each.isIdle());
    }

    private void acquire(Candidacy candidacy, FencingToken node) {
        long began = nanos();
        Optional<LeaseToken> token = leases.acquire(candidacy.name(), node);
        if (token.isEmpty()) {
            return;
        }
        boolean adopted = Boolean.TRUE.equals(locked(() -> {
            if (candidacy.isLeaving() || nanos() - trust(began) >= 0 || !stillOurs(node)) {
                return false;
            }
            candidacy.gain(token.get(), trust(began));
            changed.signalAll();
            return true;
        }));
        if (adopted) {
            LOG.debug(
                    "Gained the lease {} with token {}",
                    candidacy.name(),
                    token.get().token());
        } else {
            leases.release(token.get());
        }
    }

    private boolean stillOurs(FencingToken node) {
        try {
            return fence.token().equals(node);
        } catch (SeraiException e) {
            return false;
        }
    }

    private long trust(long began) {
        return began + (long) (ttl.toNanos() * TRUSTED_PART);
    }

    private boolean awaitTurn() {
        lock.lock();
        try {
            long left = turn.toNanos();
            while (!closed && !woken && left > 0) {
                left = changed.awaitNanos(left);
            }
            woken = false;
            return !closed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    // ---- the watchdog ----

    private void watch() {
        lock.lock();
        try {
            while (!closed) {
                long now = nanos();
                long next = turn.toNanos();
                for (Candidacy candidacy : candidacies) {
                    if (candidacy.token() == null) {
                        continue;
                    }
                    long left = candidacy.trustedUntilNanos() - now;
                    if (left <= 0) {
                        LOG.warn("The lease {} was not renewed in time; what it allowed stops", candidacy.name());
                        candidacy.lose();
                    } else {
                        next = Math.min(next, left);
                    }
                }
                long unused = changed.awaitNanos(next);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** Does something under the lock; nothing is called outside by it. */
    private <T extends @Nullable Object> T locked(java.util.function.Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }
}
