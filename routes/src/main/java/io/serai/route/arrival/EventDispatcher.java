package io.serai.route.arrival;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.EventQueue.Room;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.route.EventContext;
import io.serai.route.EventSource;
import io.serai.route.arrival.EventSlots.RouteSlots;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one claimer of events of a node: claims as many as there are free slots, hands them to the consumers of their
 * routes on threads of its own, and writes what became of them. It never holds more claims than it runs. Woken by the
 * queue, by slots that get free and by a poll; survives an absent database and a lost lease by itself.
 *
 * <p>Its lock guards the slots, the running events and the life cycle.
 */
public final class EventDispatcher implements EventSource {
    private static final Logger LOG = LoggerFactory.getLogger(EventDispatcher.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final Duration CANCEL_POLL = Duration.ofSeconds(1);
    private static final Duration LOST_CHECK = Duration.ofSeconds(20);
    /** A node under whatever load goes on with some work, or a busy cluster would stand still. */
    private static final double LEAST_PART = 0.1;

    private static final Duration STOP_GRACE = Duration.ofSeconds(5);
    /** After a wake-up, events and free slots that come together are taken together. */
    private static final Duration GATHERING = Duration.ofMillis(2);

    private final Settings settings;
    private final EventQueue queue;
    private final Fence fence;
    private final DoubleSupplier part;
    private final ThreadPoolExecutor threads;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final EventSlots slots;
    private final Map<EventId, EventRun> running = new HashMap<>();
    private @Nullable Thread claimer;
    private boolean woken;
    private boolean claiming;
    private boolean paused;
    private boolean claimUnderWay;
    private boolean stopped;
    private @Nullable FencingToken lastToken;
    private long nextCancelPoll = System.nanoTime();
    private long nextLostCheck = System.nanoTime();
    private Duration pause = FIRST_PAUSE;

    /**
     * @param capacity events that the node runs at the same time
     * @param pullCapacity how many of these may be pulls
     * @param poll the longest time between two looks into the queue
     * @param spoolDirectory where steps keep temporary files
     */
    public record Settings(int capacity, int pullCapacity, Duration poll, Path spoolDirectory) {
        public Settings {
            if (capacity < 1 || pullCapacity < 1 || poll.isNegative() || poll.isZero()) {
                throw new IllegalArgumentException("capacity and poll must be positive");
            }
        }
    }

    /** @param part tells how much of its capacity the node uses at the moment: 1, or less when it is under load */
    public EventDispatcher(Settings settings, EventQueue queue, Fence fence, DoubleSupplier part) {
        this.part = part;
        this.settings = settings;
        this.queue = queue;
        this.fence = fence;
        this.slots = new EventSlots(settings.capacity(), settings.pullCapacity());
        AtomicInteger number = new AtomicInteger();
        this.threads =
                new ThreadPoolExecutor(0, Integer.MAX_VALUE, 30, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, "event-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
    }

    // ---- consumers ----

    @Override
    public Subscription subscribe(RouteId route, int maxInFlight, EventHandler handler) {
        lock.lock();
        try {
            RouteSlots added = slots.add(route, handler, maxInFlight);
            wake();
            return () -> unsubscribe(added);
        } finally {
            lock.unlock();
        }
    }

    private void unsubscribe(RouteSlots route) {
        lock.lock();
        try {
            slots.remove(route);
        } finally {
            lock.unlock();
        }
    }

    // ---- life cycle ----

    /** Begins to claim. Idempotent. */
    public void start() {
        lock.lock();
        try {
            if (claimer != null || stopped) {
                return;
            }
            claiming = !paused;
            claimer = new Thread(this::claimUntilStopped, "event-claimer");
            claimer.setDaemon(true);
            claimer.start();
        } finally {
            lock.unlock();
        }
        queue.onWork(this::wake);
    }

    /** Claims no more until {@link #resume}, also when it comes before the start; what runs goes on. Idempotent. */
    public void pause() {
        lock.lock();
        try {
            paused = true;
            claiming = false;
        } finally {
            lock.unlock();
        }
    }

    /** Claims again after {@link #pause}. Idempotent; has no effect before the start or after the stop. */
    public void resume() {
        lock.lock();
        try {
            paused = false;
            claiming = claimer != null && !stopped;
        } finally {
            lock.unlock();
        }
        wake();
    }

    /**
     * Claims no more, waits for running events up to the limit, then stops the rest and gives them back to the queue.
     * Idempotent.
     *
     * @return whether all ended by themselves
     */
    public boolean drain(Duration limit) {
        lock.lock();
        try {
            claiming = false;
            changed.signalAll();
            if (awaitNoneRunning(limit)) {
                return true;
            }
            LOG.info("{} events still run after {} s and are given back", running.size(), limit.toSeconds());
        } finally {
            lock.unlock();
        }
        runs().forEach(run -> run.giveBack("the node is drained or stops"));
        lock.lock();
        try {
            awaitNoneRunning(STOP_GRACE);
        } finally {
            lock.unlock();
        }
        return false;
    }

    /** Stops at once: running events are given back where they can be; waits for the claimer to end. Idempotent. */
    public void stop() {
        drain(Duration.ZERO);
        Thread ending;
        lock.lock();
        try {
            stopped = true;
            ending = claimer;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        runs().forEach(EventRun::abandon);
        threads.shutdown();
        try {
            if (ending != null) {
                ending.join(STOP_GRACE.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** How many events run now. */
    public int running() {
        lock.lock();
        try {
            return running.size();
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitNoneRunning(Duration limit) {
        long left = limit.toNanos();
        try {
            while (!(running.isEmpty() && !claimUnderWay) && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return running.isEmpty() && !claimUnderWay;
    }

    private List<EventRun> runs() {
        lock.lock();
        try {
            return List.copyOf(running.values());
        } finally {
            lock.unlock();
        }
    }

    // ---- claiming ----

    private void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void claimUntilStopped() {
        try {
            while (true) {
                Duration rest = round();
                if (!rest(rest)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            LOG.info("The claimer of events was interrupted and ends");
        }
    }

    /** One look into the queue; how long to rest before the next. */
    private Duration round() {
        try {
            FencingToken token = fence.token();
            checkLease(token);
            pollCancels(token);
            releaseLost(token);
            boolean more = claim(token);
            if (pause != FIRST_PAUSE) {
                LOG.info("Events are claimed again");
                pause = FIRST_PAUSE;
            }
            return more ? Duration.ZERO : untilNextLook();
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.FENCED) {
                leaseLost();
                return settings.poll();
            }
            return backOff(e);
        } catch (RuntimeException e) { // the edge of the loop: the claimer must outlive any single failure
            return backOff(e);
        }
    }

    private Duration untilNextLook() {
        return running() > 0 && settings.poll().compareTo(CANCEL_POLL) > 0 ? CANCEL_POLL : settings.poll();
    }

    private Duration backOff(RuntimeException e) {
        if (pause == FIRST_PAUSE) {
            LOG.warn("Events cannot be claimed at the moment, which is tried again: {}", e.getMessage());
        }
        LOG.debug("The failed claim", e);
        Duration now = pause;
        Duration doubled = pause.multipliedBy(2);
        pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
        return now;
    }

    /** Waits for work, a free slot or the time; false when the dispatcher was stopped. */
    private boolean rest(Duration longest) throws InterruptedException {
        lock.lock();
        try {
            long left = longest.toNanos();
            boolean backingOff = pause != FIRST_PAUSE;
            while (!stopped && left > 0 && (backingOff || !woken)) {
                left = changed.awaitNanos(left);
            }
            if (!stopped && !longest.isZero()) {
                // Signals may end this early, which only makes the batch smaller.
                changed.awaitNanos(GATHERING.toNanos());
            }
            woken = false;
            return !stopped;
        } finally {
            lock.unlock();
        }
    }

    /** Claims what there is room for; whether there may be more. */
    private boolean claim(FencingToken token) {
        double used = Math.max(LEAST_PART, Math.min(1, part.getAsDouble()));
        Room free;
        lock.lock();
        try {
            free = claiming ? slots.free(used) : new Room(Map.of(), 0);
            claimUnderWay = !free.freeSlots().isEmpty();
        } finally {
            lock.unlock();
        }
        if (free.freeSlots().isEmpty()) {
            return false;
        }
        try {
            List<ClaimedEvent> claimed = queue.claim(token, free);
            claimed.forEach(this::hand);
            return !claimed.isEmpty();
        } finally {
            lock.lock();
            claimUnderWay = false;
            changed.signalAll();
            lock.unlock();
        }
    }

    private void hand(ClaimedEvent event) {
        Optional<EventRun> run = begin(event);
        if (run.isEmpty()) {
            giveBack(event);
            return;
        }
        try {
            threads.execute(() -> {
                try {
                    run.get().run();
                } finally {
                    ended(run.get());
                }
            });
        } catch (RejectedExecutionException | OutOfMemoryError e) { // no thread for it: others may have room
            ended(run.get());
            LOG.warn("Event {} is given back, there is no thread to run it", event.id(), e);
            giveBack(event);
        }
    }

    /** One event that cannot be given back now must not keep the others of its batch from running. */
    private void giveBack(ClaimedEvent event) {
        try {
            queue.release(List.of(event));
        } catch (SeraiException e) {
            LOG.warn("Event {} stays claimed until this node's lease ends: {}", event.id(), e.text());
        }
    }

    /** Takes a slot for the event; empty when its consumer or the node went meanwhile. */
    private Optional<EventRun> begin(ClaimedEvent event) {
        lock.lock();
        try {
            Optional<RouteSlots> route = claiming ? slots.take(event) : Optional.empty();
            Optional<EventRun> run = route.map(
                    taken -> new EventRun(new EventContext(event, settings.spoolDirectory()), taken, queue, fence));
            run.ifPresent(begun -> running.put(event.id(), begun));
            return run;
        } finally {
            lock.unlock();
        }
    }

    private void ended(EventRun run) {
        lock.lock();
        try {
            running.remove(run.event().id(), run);
            slots.giveBack(run.slots(), run.event());
            woken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---- stopping what runs ----

    private void pollCancels(FencingToken token) {
        if (System.nanoTime() - nextCancelPoll < 0 || running() == 0) {
            return;
        }
        nextCancelPoll = System.nanoTime() + CANCEL_POLL.toNanos();
        for (EventId id : queue.cancelRequests(token)) {
            runs().stream().filter(run -> run.event().id().equals(id)).forEach(run -> run.cancel("an operator asked"));
        }
    }

    /**
     * By the thread that claims and hands out, so that no claim is between the two meanwhile: what is claimed for long and
     * does not run here would stay claimed for as long as this node lives.
     */
    private void releaseLost(FencingToken token) {
        if (System.nanoTime() - nextLostCheck < 0) {
            return;
        }
        nextLostCheck = System.nanoTime() + LOST_CHECK.toNanos();
        Set<EventId> known = runs().stream().map(run -> run.event().id()).collect(Collectors.toSet());
        int released = queue.releaseLost(token, known);
        if (released > 0) {
            LOG.warn("{} events were claimed by this node and not run; they are back in the queue", released);
        }
    }

    /** A new epoch after a lost lease: what runs under the old one belongs to somebody else. */
    private void checkLease(FencingToken token) {
        FencingToken before = lastToken;
        if (before != null && !before.equals(token)) {
            runs().stream().filter(run -> !run.event().token().equals(token)).forEach(EventRun::leaseLost);
        }
        lastToken = token;
    }

    private void leaseLost() {
        if (lastToken != null) {
            LOG.warn("The node's lease cannot be trusted any more; no events are claimed and what runs is stopped");
        }
        lastToken = null;
        runs().forEach(EventRun::leaseLost);
    }
}
