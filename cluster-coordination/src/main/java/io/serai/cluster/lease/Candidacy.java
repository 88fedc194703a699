package io.serai.cluster.lease;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's wish for one lease, from {@link LeaseKeeper#enter} to {@link #close}.
 *
 * <p>All fields are guarded by the keeper's lock; the holder is called without it, one call after the other.
 */
public final class Candidacy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Candidacy.class);

    private final LeaseKeeper keeper;
    private final ReentrantLock lock;
    private final Executor threads;
    private final LeaseName name;
    private final LeaseHolder holder;
    private final Deque<Runnable> calls = new ArrayDeque<>();
    private boolean calling;
    private boolean wakesKeeper;
    private Phase phase = Phase.WAITING;
    private @Nullable LeaseToken held;
    private long trustedUntilNanos;
    private @Nullable Long elsewhereSinceNanos;
    private @Nullable Long freeSinceNanos;
    private boolean leaving;
    private boolean toRelease;

    enum Phase {
        WAITING,
        HELD,
        /** The holder stops what the lease allowed; then the lease is released. */
        GIVING_UP
    }

    Candidacy(LeaseKeeper keeper, ReentrantLock lock, Executor threads, LeaseName name, LeaseHolder holder) {
        this.keeper = keeper;
        this.lock = lock;
        this.threads = threads;
        this.name = name;
        this.holder = holder;
    }

    public LeaseName name() {
        return name;
    }

    /** The lease while this node holds it and can trust it. */
    public Optional<LeaseToken> held() {
        lock.lock();
        try {
            return phase == Phase.HELD && keeper.nanos() - trustedUntilNanos < 0
                    ? Optional.ofNullable(held)
                    : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** The candidates and the holder as the database last showed them. */
    public Survey survey() {
        return keeper.survey();
    }

    /**
     * The node wishes for the lease no more. A held one is given up: the holder is told, then it is released. Returns at
     * once; nothing is told after the loss.
     */
    @Override
    public void close() {
        keeper.leave(this);
    }

    // ---- for the keeper, which holds the lock ----

    Phase phase() {
        return phase;
    }

    @Nullable
    LeaseToken token() {
        return held;
    }

    boolean isLeaving() {
        return leaving;
    }

    void setLeaving() {
        leaving = true;
    }

    /** Nothing is held, promised or being told any more. */
    boolean isIdle() {
        return phase == Phase.WAITING && held == null && !calling && calls.isEmpty();
    }

    boolean mustRelease() {
        return toRelease;
    }

    long trustedUntilNanos() {
        return trustedUntilNanos;
    }

    void prolong(long untilNanos) {
        trustedUntilNanos = untilNanos;
    }

    void gain(LeaseToken token, long untilNanos) {
        phase = Phase.HELD;
        held = token;
        trustedUntilNanos = untilNanos;
        elsewhereSinceNanos = null;
        freeSinceNanos = null;
        call(() -> holder.gained(token));
    }

    /** The lease cannot be trusted any more, from this moment on. */
    void lose() {
        LeaseToken lost = held;
        boolean tell = phase == Phase.HELD;
        phase = Phase.WAITING;
        held = null;
        toRelease = false;
        if (tell && lost != null) {
            call(() -> holder.lost(lost));
        }
    }

    /** The holder stops; the lease is released after that. */
    void giveUp() {
        LeaseToken lost = held;
        if (phase != Phase.HELD || lost == null) {
            return;
        }
        phase = Phase.GIVING_UP;
        call(() -> {
            try {
                holder.lost(lost);
            } finally {
                stoppedFor(lost);
            }
        });
    }

    private void stoppedFor(LeaseToken lost) {
        lock.lock();
        try {
            toRelease = lost.equals(held);
        } finally {
            lock.unlock();
        }
        keeper.wake();
    }

    void released() {
        phase = Phase.WAITING;
        held = null;
        toRelease = false;
    }

    /** For how long another node should have had this held lease. */
    long elsewhereNanos(boolean elsewhere, long now) {
        elsewhereSinceNanos = since(elsewhereSinceNanos, elsewhere, now);
        return elsewhereSinceNanos == null ? -1 : now - elsewhereSinceNanos;
    }

    /** For how long nobody has held the lease. */
    long freeNanos(boolean free, long now) {
        freeSinceNanos = since(freeSinceNanos, free, now);
        return freeSinceNanos == null ? -1 : now - freeSinceNanos;
    }

    private static @Nullable Long since(@Nullable Long before, boolean holds, long now) {
        if (!holds) {
            return null;
        }
        return before == null ? Long.valueOf(now) : before;
    }

    void show(Survey survey) {
        if (!calling && !calls.isEmpty()) {
            start();
        } else if (!leaving && !calling && calls.isEmpty()) {
            Optional<Survey.Holder> present =
                    Optional.ofNullable(survey.holders().get(name));
            begin(() -> holder.seen(present.map(Survey.Holder::node), survey.candidates(name)));
        }
    }

    /** Calls the holder about its lease; the keeper looks again when that is done. */
    private void call(Runnable call) {
        wakesKeeper = true;
        begin(call);
    }

    private void begin(Runnable call) {
        calls.add(call);
        if (!calling) {
            start();
        }
    }

    private void start() {
        calling = true;
        try {
            threads.execute(this::callAll);
        } catch (RuntimeException | OutOfMemoryError e) {
            // No thread to be had: tried again with each turn. The caller must not suffer.
            calling = false;
            LOG.error("The holder of the lease {} could not be told yet", name, e);
        }
    }

    private void callAll() {
        boolean wake;
        while (true) {
            Runnable next;
            lock.lock();
            try {
                next = calls.poll();
                if (next == null) {
                    calling = false;
                    wake = wakesKeeper;
                    wakesKeeper = false;
                    break;
                }
            } finally {
                lock.unlock();
            }
            try {
                next.run();
            } catch (RuntimeException e) {
                LOG.error("A holder of the lease {} failed", name, e);
            }
        }
        if (wake) {
            keeper.wake();
        }
    }
}
