package io.serai.route;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.limit.LimitOwner;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePropertyKey;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The run of one claimed event: travels with its exchange (and every copy that a splitter or multicast makes) as a
 * property, never as a header, so that the steps of a route find the claim they work under. Safe for use by several
 * threads; its lock guards the state of the run.
 */
public final class EventContext {
    private static final Logger LOG = LoggerFactory.getLogger(EventContext.class);
    private static final String PROPERTY = "CamelSeraiEventContext";

    private final ClaimedEvent event;
    private final Path spoolDirectory;
    private final Map<String, Integer> stepCounts = new HashMap<>();
    private final List<Runnable> cancelActions = new ArrayList<>();
    private @Nullable StepCall lastCall;
    private @Nullable Thread runner;
    private @Nullable String cancelReason;
    private @Nullable String failedStep;
    private @Nullable Awaited waitsFor;
    private boolean ended;
    private boolean completed;

    /** @param spoolDirectory where steps may keep temporary files of this run; emptied when the node starts */
    public EventContext(ClaimedEvent event, Path spoolDirectory) {
        this.event = event;
        this.spoolDirectory = spoolDirectory;
    }

    /** The run that this exchange belongs to, if it began with an event. */
    public static Optional<EventContext> of(Exchange exchange) {
        return Optional.ofNullable(exchange.getProperty(PROPERTY, EventContext.class));
    }

    /**
     * The run that this exchange belongs to, still going on.
     *
     * @throws SeraiException {@code INVALID} when the route did not begin with an event or its event has ended (a copy
     *     that a wire tap or {@code seda:} sent on), {@code CANCELLED} when it was asked to stop
     */
    public static EventContext require(Exchange exchange) {
        EventContext context = of(exchange)
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.INVALID,
                        "Route " + exchange.getFromRouteId() + " does not work for an event here; let it begin with"
                                + " arrival:, site: or schedule:, or reach it by direct: from such a route"));
        context.checkRunning();
        return context;
    }

    /** Makes the exchange part of this run. */
    public void attach(Exchange exchange) {
        exchange.setProperty(PROPERTY, this);
    }

    public ClaimedEvent event() {
        return event;
    }

    /** Where steps may keep temporary files of this run; its user removes them. */
    public Path spoolDirectory() {
        return spoolDirectory;
    }

    /**
     * The key of a delivering step, the same at every attempt at the event and on every node: what is delivered to, the
     * place in a split or loop, and a number where the same target comes more than once. A redelivery of a step by
     * Camel's error handler keeps its key.
     *
     * @param target what tells this step from others of the route, such as the endpoint's URI without secrets
     */
    public synchronized String stepKey(Exchange exchange, String target) {
        StringBuilder place = new StringBuilder(target);
        appendIndex(place, "split", exchange.getProperty(ExchangePropertyKey.SPLIT_INDEX));
        appendIndex(place, "multicast", exchange.getProperty(ExchangePropertyKey.MULTICAST_INDEX));
        appendIndex(place, "loop", exchange.getProperty(ExchangePropertyKey.LOOP_INDEX));
        String base = place.toString();
        StepCall call = new StepCall(
                base,
                exchange.getExchangeId(),
                String.valueOf(exchange.getExchangeExtension().getHistoryNodeId()));
        // The header stays behind after a redelivery, so it counts only for the very step that was called last.
        boolean again = Boolean.TRUE.equals(exchange.getMessage().getHeader(Exchange.REDELIVERED, Boolean.class))
                && call.equals(lastCall);
        lastCall = call;
        int count = again ? stepCounts.getOrDefault(base, 1) : stepCounts.merge(base, 1, Integer::sum);
        return count == 1 ? base : base + "#" + count;
    }

    private record StepCall(String base, String exchangeId, String node) {}

    private static void appendIndex(StringBuilder place, String what, @Nullable Object index) {
        if (index != null) {
            place.append('@').append(what).append(index);
        }
    }

    // ---- stopping ----

    /** Whether the event was asked to stop. Cheap. */
    public synchronized boolean cancelled() {
        return cancelReason != null;
    }

    /** Throws {@code CANCELLED} when the event was asked to stop, {@code INVALID} when it has ended. Cheap. */
    public synchronized void checkRunning() {
        if (cancelReason != null) {
            throw new SeraiException(ErrorCode.CANCELLED, "Event " + event.id() + " was stopped: " + cancelReason);
        }
        if (ended) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "Event " + event.id() + " has ended while a copy of its exchange goes on; deliver in the route"
                            + " itself, not behind a wire tap or seda:");
        }
    }

    /** Registers what ends a blocking step when the event is asked to stop; close it when the step is over. */
    public Registration onCancel(Runnable action) {
        boolean now;
        synchronized (this) {
            now = cancelReason != null;
            if (!now) {
                cancelActions.add(action);
            }
        }
        if (now) {
            action.run();
        }
        return () -> removeAction(action);
    }

    private synchronized void removeAction(Runnable action) {
        cancelActions.remove(action);
    }

    /** A registered action. */
    @FunctionalInterface
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }

    /** Asks the run to stop: runs the registered actions and interrupts the thread that runs it. Idempotent. */
    public void cancel(String reason) {
        List<Runnable> actions;
        synchronized (this) {
            if (ended || cancelReason != null) {
                return;
            }
            cancelReason = reason;
            actions = List.copyOf(cancelActions);
            if (runner != null) {
                runner.interrupt();
            }
        }
        for (Runnable action : actions) {
            try {
                action.run();
            } catch (RuntimeException e) { // one step that cannot be stopped must not keep the others going
                LOG.warn("A step of event {} could not be told to stop", event.id(), e);
            }
        }
    }

    // ---- the life of the run, for the dispatcher ----

    /** The calling thread runs the event from here on; {@code CANCELLED} when it was stopped before. */
    public synchronized void begin() {
        checkRunning();
        runner = Thread.currentThread();
    }

    /** The run is over, on the thread that began it; a stop that comes later has no effect. */
    public synchronized void end() {
        ended = true;
        runner = null;
        cancelActions.clear();
        // A stop may have interrupted the thread after the last step returned; what follows must not see that.
        if (Thread.interrupted()) {
            LOG.debug("Event {} ended while it was being stopped", event.id());
        }
    }

    /** The event has to wait for a place of this owner, which may have so many; a step that needs one failed. */
    public synchronized void waitFor(LimitOwner owner, int most) {
        waitsFor = new Awaited(owner, most);
    }

    /** What the event has to wait for, if a step said so. */
    public synchronized Optional<Awaited> waitsFor() {
        return Optional.ofNullable(waitsFor);
    }

    /** A place that was not to be had. */
    public record Awaited(LimitOwner owner, int most) {}

    /** Notes that a transaction of the route ended the event along with the route's work. */
    public synchronized void completedWithTransaction() {
        completed = true;
    }

    /** Whether the event has ended with a transaction of its route, so that nothing is left to be written. */
    public synchronized boolean isCompleted() {
        return completed;
    }

    /** Notes which step failed. */
    synchronized void failedAt(@Nullable String step) {
        failedStep = step;
    }

    /** The id of the step that failed, if one did and is known. */
    public synchronized Optional<String> failedStep() {
        return Optional.ofNullable(failedStep);
    }
}
