package io.serai.cluster.event;

import io.serai.cluster.limit.LimitOwner;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.name.RouteId;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The queue of events. An event is ready, claimed, waiting for its next attempt, or parked; when it has ended it is
 * moved to the history. Claims belong to an epoch of a node: when that lease has ended, its claims return to the queue,
 * and whatever the old holder still tries is refused with {@code FENCED}.
 *
 * <pre>
 *   ready --claim--> claimed --complete--> (history)
 *     ^                 |--fail--> waiting --due--> ready
 *     |--release/dead---|--fail--> parked --retry--> ready
 * </pre>
 */
public interface EventQueue {
    /** Queues events inside the caller's transaction; wakes claimers soon after the commit. */
    List<EventId> enqueue(Connection connection, List<NewEvent> events) throws SQLException;

    /**
     * Claims ready events, never more than asked for: within a route by priority, then owners in turns, then first in,
     * first out. {@code FENCED} when the token's lease has ended.
     *
     * @param freeSlots how many events of each route can be taken now
     */
    default List<ClaimedEvent> claim(FencingToken token, Map<RouteId, Integer> freeSlots) {
        return claim(token, new Room(freeSlots, Integer.MAX_VALUE));
    }

    /** As {@link #claim(FencingToken, Map)}, with room of its own for pulls. */
    List<ClaimedEvent> claim(FencingToken token, Room room);

    /**
     * What a node can take now.
     *
     * @param freeSlots how many events of each route
     * @param pulls how many of all these may be pulls
     */
    record Room(Map<RouteId, Integer> freeSlots, int pulls) {
        public Room {
            freeSlots = Map.copyOf(freeSlots);
        }
    }

    /**
     * Gives back what is claimed under the token for a minute or longer and is not among the running events; their number.
     * Such claims are left where writing an outcome was given up while the lease went on.
     */
    int releaseLost(FencingToken token, Set<EventId> running);

    /**
     * Ends an event. Returns when that is committed; calls of many threads share a transaction. Repeating it under the
     * same token does nothing; {@code FENCED} when the event is not held under the token any more.
     */
    void complete(ClaimedEvent event);

    /**
     * Ends an event with the commit of the caller's transaction, and not if that rolls back. {@code FENCED} when the
     * event is not held under the token any more.
     */
    void complete(Connection connection, ClaimedEvent event) throws SQLException;

    /**
     * Records a failed attempt: retried later or parked, by the kind of the error and the attempts so far; ended when an
     * operator asked for that meanwhile. Failures of kind {@code RESOURCE} use up no attempt. {@code FENCED}, and nothing
     * recorded, when the event is not held under the token any more or the failure itself is {@code FENCED}.
     */
    Verdict fail(ClaimedEvent event, Failure failure);

    /**
     * Gives a claim back until an owner of limits has a free place; does not count as an attempt. The event is ready as
     * soon as a place is given back, in the order of priority and age among those that wait. Does nothing when the event
     * is not held under the token any more.
     *
     * @param most the places that the owner may have
     */
    void waitFor(ClaimedEvent event, LimitOwner owner, int most);

    /** Gives claims back unrun; does not count as an attempt. */
    void release(List<ClaimedEvent> events);

    /**
     * Returns every claim of an epoch whose lease has ended to the queue, in the transaction that marked the node's row;
     * ends those that an operator asked to stop. The number of claims.
     */
    int releaseEpoch(Connection connection, long epoch) throws SQLException;

    /** Makes a parked or waiting event ready now, with all attempts anew; {@code NO_SUCH_OBJECT} if it is neither. */
    void retryNow(EventId id);

    /** Ends a ready, waiting or parked event unrun, or asks the node that runs it to stop. */
    void cancel(EventId id, String by);

    /** Events that were claimed under this token and have been asked to stop since. */
    List<EventId> cancelRequests(FencingToken token);

    /** Live events, newest first. */
    List<EventView> find(EventFilter filter);

    /** A live or ended event with its attempts. */
    Optional<EventView> get(EventId id);

    /** How many live events each state has. */
    Map<String, Long> depth();

    /** Removes ended events and their attempts that ended longer ago than this, in small steps; the number removed. */
    int forget(Duration olderThan);

    /** Registers what runs when there may be something to claim; called often, must return at once. */
    void onWork(Runnable wake);

    /**
     * Why an attempt failed.
     *
     * @param step the id of the route's step that failed, if known
     */
    record Failure(ErrorCode code, String text, Optional<String> step) {}

    /** What becomes of an event after a failed attempt. */
    sealed interface Verdict {
        record RetryAfter(Duration delay) implements Verdict {}

        record Parked() implements Verdict {}

        record Cancelled() implements Verdict {}
    }

    /** Which events to find; empty fields do not restrict. */
    record EventFilter(
            Optional<String> state,
            Optional<RouteId> route,
            Optional<String> fairShare,
            Optional<EventId> before,
            int limit) {}

    /** An event as operators see it; {@code state} is also completed, cancelled or discarded for ended ones. */
    record EventView(
            EventId id,
            EventKind kind,
            RouteId route,
            String fairShare,
            String path,
            Optional<String> transfer,
            String state,
            int attempts,
            Instant created,
            Optional<Instant> due,
            Optional<String> node,
            Optional<String> error,
            Optional<String> step,
            List<Attempt> history) {
        public EventView {
            history = List.copyOf(history);
        }
    }

    /** A failed attempt. */
    record Attempt(int number, String node, Instant ended, String code, String text, Optional<String> step) {}
}
