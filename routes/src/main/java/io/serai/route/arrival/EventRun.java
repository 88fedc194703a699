package io.serai.route.arrival;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.EventQueue.Failure;
import io.serai.cluster.event.EventQueue.Verdict;
import io.serai.cluster.node.Fence;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.route.EventContext;
import io.serai.route.EventDetail;
import io.serai.route.arrival.EventSlots.RouteSlots;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** One claimed event on its way through its route, and the writing of its outcome. */
final class EventRun implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(EventRun.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private final EventContext context;
    private final RouteSlots slots;
    private final EventQueue queue;
    private final Fence fence;
    private final FailureClassifier classifier = new FailureClassifier();
    private final CountDownLatch givenUp = new CountDownLatch(1);
    private volatile boolean giveBack;
    private volatile boolean leaseLost;

    EventRun(EventContext context, RouteSlots slots, EventQueue queue, Fence fence) {
        this.context = context;
        this.slots = slots;
        this.queue = queue;
        this.fence = fence;
    }

    ClaimedEvent event() {
        return context.event();
    }

    RouteSlots slots() {
        return slots;
    }

    /** Asks the route to stop; the event counts as cancelled if the route does. */
    void cancel(String reason) {
        context.cancel(reason);
    }

    /** Asks the route to stop because the node lost its lease; that is nobody's wish to end the event. */
    void leaseLost() {
        leaseLost = true;
        context.cancel("the node's lease has ended");
    }

    /** Asks the route to stop because the node goes down; the event goes back to the queue. */
    void giveBack(String reason) {
        giveBack = true;
        context.cancel(reason);
    }

    /** The outcome is not written any more; the next owner of the event finds out. */
    void abandon() {
        givenUp.countDown();
    }

    @Override
    public void run() {
        ClaimedEvent event = event();
        MDC.put("event", event.id().toString());
        MDC.put("route", event.route().value());
        event.transfer().ifPresent(transfer -> MDC.put("transfer", transfer.toString()));
        String account = event.detail().get(EventDetail.ACCOUNT);
        if (account != null) {
            MDC.put("account", account);
        }
        try {
            conclude(handle());
        } finally {
            MDC.clear();
        }
    }

    /** What the route failed with; null when it ended well. */
    private @Nullable Throwable handle() {
        if (slots.isClosed()) {
            giveBack = true;
            return new SeraiException(ErrorCode.BUSY, "The route was stopped before it took the event");
        }
        try {
            context.begin();
            slots.handler().handle(context);
            return null;
        } catch (Throwable e) { // the edge of the loop: whatever a route throws is this event's failure and no other's
            return e;
        } finally {
            context.end();
        }
    }

    private void conclude(@Nullable Throwable failure) {
        if (context.isCompleted()) {
            if (failure == null) {
                LOG.debug("Event {} of route {} is complete", event().id(), event().route());
            } else {
                LOG.warn(
                        "Event {} of route {} ended with its transaction; what failed after that is not repeated",
                        event().id(),
                        event().route(),
                        failure);
            }
            return;
        }
        if (failure == null) {
            write("complete", () -> {
                queue.complete(event());
                LOG.debug("Event {} of route {} is complete", event().id(), event().route());
            });
            return;
        }
        FailureClassifier.Classified classified = classifier.classify(failure);
        if (leaseLost || classified.code().kind() == ErrorKind.FENCED) {
            LOG.info(
                    "Event {} of route {} is left to its next owner: {}",
                    event().id(),
                    event().route(),
                    classified.text());
            // Records nothing; gives the event back where the lease holds after all, for no takeover would.
            Failure fenced = new Failure(ErrorCode.FENCED, classified.text(), context.failedStep());
            write("give back", () -> queue.fail(event(), fenced));
        } else if (giveBack) {
            write("release", () -> queue.release(List.of(event())));
            LOG.info("Event {} of route {} goes back to the queue", event().id(), event().route());
        } else if (waits(classified)) {
            EventContext.Awaited awaited = context.waitsFor().orElseThrow();
            write("wait", () -> queue.waitFor(event(), awaited.owner(), awaited.most()));
            LOG.debug("Event {} of route {} waits for {}", event().id(), event().route(), awaited.owner());
        } else {
            LOG.debug("Event {} failed", event().id(), failure);
            Failure reported = new Failure(
                    context.cancelled() ? ErrorCode.CANCELLED : classified.code(),
                    classified.text(),
                    context.failedStep());
            write("fail", () -> report(reported, queue.fail(event(), reported)));
        }
    }

    private boolean waits(FailureClassifier.Classified failure) {
        return failure.code() == ErrorCode.SITE_FULL && context.waitsFor().isPresent() && !context.cancelled();
    }

    private void report(Failure failure, Verdict verdict) {
        String next = verdict instanceof Verdict.RetryAfter retry
                ? "the next attempt is in " + retry.delay().toMillis() + " ms"
                : verdict instanceof Verdict.Parked ? "it is parked until someone mends it" : "it was cancelled";
        LOG.warn(
                "Event {} of route {} failed at attempt {} in step {} with {}: {}; {}",
                event().id(),
                event().route(),
                event().attempt(),
                failure.step().orElse("?"),
                failure.code(),
                failure.text(),
                next);
    }

    /** Writes an outcome; what the database does not take is tried again until it does or the lease is lost. */
    private void write(String act, Runnable statement) {
        Duration pause = FIRST_PAUSE;
        while (true) {
            try {
                statement.run();
                return;
            } catch (RuntimeException e) {
                if (isFenced(e) || !leaseHolds()) {
                    LOG.info(
                            "Event {} of route {} belongs to another owner now; \"{}\" is not written: {}",
                            event().id(),
                            event().route(),
                            act,
                            e.getMessage());
                    return;
                }
                LOG.warn(
                        "Event {} could not be written as \"{}\" and is tried again: {}",
                        event().id(),
                        act,
                        e.getMessage());
                LOG.debug("The failed statement", e);
            }
            if (waited(pause)) {
                return;
            }
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause.multipliedBy(2);
        }
    }

    /** Whether the waiting ended because the run was abandoned. */
    private boolean waited(Duration pause) {
        try {
            return givenUp.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private boolean leaseHolds() {
        try {
            return fence.token().equals(event().token());
        } catch (SeraiException e) {
            return !isFenced(e);
        }
    }

    private static boolean isFenced(RuntimeException e) {
        return e instanceof SeraiException known && known.kind() == ErrorKind.FENCED;
    }
}
