package io.serai.cluster.node;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds nodes whose lease has ended, by the database's clock, and does what they left.
 *
 * <p>A boot is marked dead and recorded in the table of takeovers in one transaction, exactly once; then the steps run,
 * and run again until all have succeeded. If the node that took over dies itself, another one goes on. A node that
 * registers records the takeover of its own former boot the same way, and one that stops that of its present one.
 *
 * <p>It looks when the next lease would end, when it is woken, and at least once an interval. From time to time it also
 * looks for claims and running transfers of epochs that are over and were taken over: there must be none, and if there
 * is one the takeover is done again.
 *
 * <p>The lock guards the life cycle.
 */
public final class Takeover implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Takeover.class);
    private static final Duration SHORTEST_REST = Duration.ofMillis(100);
    private static final int STRAYS_EVERY = 16;

    private final Database database;
    private final Fence fence;
    private final List<TakeoverStep> steps;
    private final Duration interval;
    private final AtomicLong finishedCount = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Thread thread;
    private boolean woken;
    private boolean closed;
    private int rounds;

    /**
     * @param steps the most urgent first
     * @param interval the longest time between two looks, about half a lease
     */
    public Takeover(Database database, Fence fence, List<TakeoverStep> steps, Duration interval) {
        this.database = database;
        this.fence = fence;
        this.steps = List.copyOf(steps);
        this.interval = interval;
    }

    /** Does at once what this node's own former boot left, then looks for dead nodes from time to time. */
    public void start() {
        round();
        Thread fresh = new Thread(this::run, "takeover");
        fresh.setDaemon(true);
        lock.lock();
        try {
            if (closed || thread != null) {
                return;
            }
            thread = fresh;
        } finally {
            lock.unlock();
        }
        fresh.start();
    }

    /** Looks soon. */
    public void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** How many takeovers this node has finished since its start. */
    public long finished() {
        return finishedCount.get();
    }

    @Override
    public void close() {
        Thread ending;
        lock.lock();
        try {
            closed = true;
            ending = thread;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (ending != null && ending != Thread.currentThread()) {
            try {
                ending.join(30_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        while (rest(untilNextLook())) {
            round();
        }
    }

    /** False when closed. */
    private boolean rest(Duration time) {
        lock.lock();
        try {
            long left = time.toNanos();
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

    /** A little after the next lease ends, and not by all nodes at the same moment. */
    private Duration untilNextLook() {
        try {
            FencingToken token = fence.token();
            Duration next = database.statement(connection -> TakeoverTable.untilNextEnd(connection, token))
                    .orElse(interval)
                    .plusMillis(ThreadLocalRandom.current().nextInt(10, 60));
            return next.compareTo(interval) > 0 ? interval : next.compareTo(SHORTEST_REST) < 0 ? SHORTEST_REST : next;
        } catch (SeraiException e) {
            LOG.debug("When the next lease ends is not known: {}", e.text());
            return interval.dividedBy(4).plus(SHORTEST_REST);
        }
    }

    private void round() {
        try {
            takeOverNow();
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.FENCED || e.kind() == ErrorKind.RESOURCE || e.kind() == ErrorKind.REMOTE) {
                LOG.debug("Looking for dead nodes was given up this time: {}", e.text());
            } else {
                LOG.error("Looking for dead nodes failed; tried again soon", e);
            }
        } catch (RuntimeException e) {
            LOG.error("Looking for dead nodes failed; tried again soon", e);
        }
    }

    /** One round; the number of boots whose takeover was finished in it. */
    public int takeOverNow() {
        FencingToken token = fence.token();
        markDeadNodes(token);
        if (rounds++ % STRAYS_EVERY == 0) {
            lookForStrays(token);
        }
        int finished = 0;
        List<TakeoverTable.Open> claimed = database.transaction(connection -> {
            NodeFence.guard(connection, token);
            return TakeoverTable.claimOpen(connection, token.node());
        });
        for (TakeoverTable.Open open : runSteps(token, claimed)) {
            finish(token, open);
            finished++;
        }
        database.statement(TakeoverTable::settle);
        return finished;
    }

    private void markDeadNodes(FencingToken token) {
        String sql = """
                update node set state = 'dead'
                where name in (
                    select name from node
                    where state in ('active', 'draining') and lease_until <= clock_timestamp()
                    for update skip locked)
                returning name, epoch, boot_id""";
        List<DeadBoot> found = database.transaction(connection -> {
            NodeFence.guard(connection, token);
            List<DeadBoot> dead = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(sql);
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    dead.add(deadBoot(rows, 1));
                }
            }
            for (DeadBoot boot : dead) {
                TakeoverTable.record(connection, boot, token.node(), "silent");
            }
            return dead;
        });
        found.forEach(boot -> LOG.warn(
                "The lease of node {} with epoch {} has ended; this node takes its work over",
                boot.node(),
                boot.epoch()));
    }

    private static DeadBoot deadBoot(ResultSet rows, int from) throws SQLException {
        return new DeadBoot(
                new NodeName(rows.getString(from)), rows.getLong(from + 1), rows.getObject(from + 2, UUID.class));
    }

    private void lookForStrays(FencingToken token) {
        List<Long> epochs = database.transaction(connection -> {
            NodeFence.guard(connection, token);
            return TakeoverTable.recordStrays(connection, token.node());
        });
        if (!epochs.isEmpty()) {
            LOG.warn("Work of the ended epochs {} belongs to no node; it is taken over again", epochs);
        }
    }

    /**
     * Runs every step for every boot; those for which all succeeded. The others have to run again. The first step is the
     * one that somebody waits for: it is done for all before the next one, which may be slow, begins for one.
     */
    private List<TakeoverTable.Open> runSteps(FencingToken token, List<TakeoverTable.Open> claimed) {
        Set<TakeoverTable.Open> complete = new LinkedHashSet<>(claimed);
        List<TakeoverStep> urgent = steps.subList(0, Math.min(1, steps.size()));
        for (List<TakeoverStep> some : List.of(urgent, steps.subList(urgent.size(), steps.size()))) {
            for (TakeoverTable.Open open : claimed) {
                for (TakeoverStep step : some) {
                    if (!run(step, token, open)) {
                        complete.remove(open);
                    }
                }
            }
        }
        return List.copyOf(complete);
    }

    /** What was done is recorded at once: a step that runs again, because another one failed, finds nothing more. */
    private boolean run(TakeoverStep step, FencingToken token, TakeoverTable.Open open) {
        try {
            int count = step.takeOver(open.dead());
            database.execute(connection -> TakeoverTable.add(connection, open, token.node(), step.subject(), count));
            return true;
        } catch (RuntimeException e) {
            LOG.error(
                    "Taking over {} of node {} with epoch {} failed; tried again within {} s",
                    step.subject(),
                    open.dead().node(),
                    open.dead().epoch(),
                    Math.max(1, interval.toSeconds()),
                    e);
            return false;
        }
    }

    private void finish(FencingToken token, TakeoverTable.Open open) {
        List<String> subjects = steps.stream().map(TakeoverStep::subject).toList();
        String report = database.transaction(connection -> {
            NodeFence.guard(connection, token);
            return TakeoverTable.finish(connection, open, token.node(), subjects);
        });
        finishedCount.incrementAndGet();
        LOG.info(
                "Took over node {} with epoch {}: {}",
                open.dead().node(),
                open.dead().epoch(),
                report);
    }
}
