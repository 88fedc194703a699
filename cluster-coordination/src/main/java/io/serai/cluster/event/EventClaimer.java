package io.serai.cluster.event;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventQueue.Room;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.postgresql.PGStatement;

/**
 * Claims by one statement whose cost depends on what is claimed, not on how much is queued: it hops along the index of
 * ready events from owner to owner instead of reading the events between.
 *
 * <ul>
 *   <li>Within a route the highest priority goes first. Owners of the same priority take turns, beginning after the
 *       owner that this node served last; an owner's events go first in, first out.
 *   <li>When a batch cannot take all routes' events, owners take turns across the routes too.
 *   <li>An owner whose first event is to be left to nodes with another label, and is young enough for that, is passed
 *       over, and the turn is the next owner's, but not beyond 1,000 in one look; see {@link PlacementRules}.
 *   <li>The row of the node's lease is locked for the statement, so that a takeover either comes before, and nothing is
 *       claimed, or after, and finds the claims.
 * </ul>
 */
final class EventClaimer {
    private static final String COLUMNS =
            "e.id, e.kind, e.route_id, e.account, e.transfer_id, e.file_id, e.path, e.detail, e.attempts, e.created_at";

    private static final String READY_OF_LEVEL =
            "select e.account from event e where e.state = 'ready' and e.route_id = l.route_id and e.priority = l.priority";

    private static final String NOT_LEFT_TO_OTHERS = """
            not exists (
                       select 1 from elsewhere r cross join lateral (
                              select e.kind, e.due_at from event e
                               where e.state = 'ready' and e.route_id = l.route_id and e.priority = l.priority
                                 and e.account = walk.account
                               order by (e.id + 0) limit 1) first
                        where (r.route_id is null or r.route_id = l.route_id)
                          and (r.account is null or r.account = walk.account)
                          and (r.kind is null or r.kind = first.kind)
                          and first.due_at > clock_timestamp() - r.wait_ms * interval '1 millisecond')""";

    private static final String CLAIM = """
            with recursive lease as materialized (
                select epoch, labels from node where name = ? and epoch = ? and state in ('active', 'draining')
                   and lease_until > clock_timestamp() for share
            ), wanted as materialized (
                select w.route_id, w.slots, w.served
                  from lease, unnest(?::text[], ?::int[], ?::text[]) as w (route_id, slots, served)
            ), elsewhere as materialized (
                select r.kind, r.account, r.route_id, r.wait_ms
                  from lease, placement_rule r
                 where r.label <> all (lease.labels)
                   and exists (select 1 from node n
                                where r.label = any (n.labels) and n.state = 'active' and n.wanted = 'active'
                                  and n.lease_until > clock_timestamp())
            ), level as (
                select w.route_id, w.slots, w.served, top.priority
                  from wanted w cross join lateral (
                       select e.priority from event e where e.state = 'ready' and e.route_id = w.route_id
                        order by e.priority desc limit 1) top
                union all
                select l.route_id, l.slots, l.served, next.priority
                  from level l cross join lateral (
                       select e.priority from event e
                        where e.state = 'ready' and e.route_id = l.route_id and e.priority < l.priority
                        order by e.priority desc limit 1) next
            ), owner as materialized (
                select l.route_id, l.slots, l.priority, o.lap, o.account
                  from level l cross join lateral (
                       (with recursive walk as (
                            (READY_OF_LEVEL and e.account > l.served order by e.account limit 1)
                            union all
                            select next.account from walk cross join lateral (
                                   READY_OF_LEVEL and e.account > walk.account order by e.account limit 1) next)
                        select 0 as lap, account from (select account from walk limit l.slots + 1000) walk
                         where NOT_LEFT_TO_OTHERS limit l.slots)
                       union all
                       (with recursive walk as (
                            (READY_OF_LEVEL and e.account <= l.served order by e.account limit 1)
                            union all
                            select next.account from walk cross join lateral (
                                   READY_OF_LEVEL and e.account > walk.account and e.account <= l.served
                                    order by e.account limit 1) next)
                        select 1 as lap, account from (select account from walk limit l.slots + 1000) walk
                         where NOT_LEFT_TO_OTHERS limit l.slots)
                       limit l.slots) o
            ), rival as (
                select *, count(*) over (partition by route_id, priority) as owners from owner
            ), candidate as materialized (
                select r.route_id, r.slots, r.lap, r.account, r.priority, e.id, e.tid, e.pull,
                       row_number() over (partition by r.route_id, r.priority, r.account order by e.id) as turn
                  from rival r cross join lateral (
                       select id, ctid as tid, kind = 'pull' as pull from event
                        where state = 'ready' and route_id = r.route_id and priority = r.priority
                          and account = r.account and (kind <> 'pull' or ?)
                        order by (id + 0) limit 2 * r.slots / r.owners + 1
                        for update skip locked) e
            ), ranked as (
                select *, row_number() over (partition by route_id order by priority desc, turn, lap, account) as place,
                       row_number() over (partition by account order by priority desc, turn) as share,
                       row_number() over (partition by pull order by priority desc, turn, route_id) as of_kind
                  from candidate
            ), picked as materialized (
                select id, tid, place, share from ranked
                 where place <= slots and (not pull or of_kind <= ?) order by priority desc, share, place limit ?
            ), claimed as (
                update event e
                   set state = 'claimed', claimed_by = ?, claimed_epoch = ?, claim_key = ?,
                       claimed_at = clock_timestamp()
                 where e.ctid = any (array(select tid from picked))
                returning e.priority, extract(epoch from e.claimed_at - e.due_at) as waited, COLUMNS
            )
            select l.epoch as lease, e.*
              from (select 1) one left join lease l on true left join claimed e on true left join picked p on p.id = e.id
             order by e.priority desc, p.share, p.place
            """.replace("READY_OF_LEVEL", READY_OF_LEVEL)
            .replace("NOT_LEFT_TO_OTHERS", NOT_LEFT_TO_OTHERS)
            .replace("COLUMNS", COLUMNS);

    private static final String LOCK_LEASE = "select 1 from node where name = ? and epoch = ? for no key update";

    private static final String READ_AGAIN = "select " + COLUMNS
            + " from event e where e.state = 'claimed' and e.claimed_epoch = ? and e.claim_key = ?"
            + " order by e.priority desc, e.id";

    private final Database database;
    private final DatabaseInsistence insistence;
    private final int batch;
    private final ClaimTimes times = new ClaimTimes();
    private final Map<RouteId, String> lastServed = new ConcurrentHashMap<>();

    EventClaimer(Database database, DatabaseInsistence insistence, int batch) {
        this.database = database;
        this.insistence = insistence;
        this.batch = batch;
    }

    List<ClaimedEvent> claim(FencingToken token, Room room) {
        Map<RouteId, Integer> freeSlots = room.freeSlots();
        List<Map.Entry<RouteId, Integer>> wanted =
                freeSlots.entrySet().stream().filter(e -> e.getValue() > 0).toList();
        if (wanted.isEmpty()) {
            return List.of();
        }
        long key = ThreadLocalRandom.current().nextLong();
        List<ClaimedEvent> claimed = claim(token, new Wanted(wanted, room.pulls()), key);
        Set<RouteId> routes = freeSlots.keySet();
        claimed.forEach(event -> lastServed.put(event.route(), event.fairShare()));
        lastServed.keySet().removeIf(route -> lastServed.size() > 2 * routes.size() + 100 && !routes.contains(route));
        return claimed;
    }

    ClaimTimes times() {
        return times;
    }

    private record Wanted(List<Map.Entry<RouteId, Integer>> slots, int pulls) {}

    private List<ClaimedEvent> claim(FencingToken token, Wanted wanted, long key) {
        try {
            return database.statement(connection -> claim(connection, token, wanted, key));
        } catch (SeraiException e) {
            if (e.code() != ErrorCode.UNKNOWN_OUTCOME) {
                throw e;
            }
            // What was claimed without our knowing would stay claimed for as long as this node lives.
            return insistence.until(() -> database.transaction(connection -> {
                awaitClaim(connection, token);
                return readAgain(connection, token, key);
            }));
        }
    }

    private List<ClaimedEvent> claim(Connection connection, FencingToken token, Wanted room, long key)
            throws SQLException {
        List<Map.Entry<RouteId, Integer>> wanted = room.slots();
        Array routes = connection.createArrayOf(
                "text", wanted.stream().map(e -> e.getKey().value()).toArray());
        Array slots = connection.createArrayOf(
                "int4", wanted.stream().map(Map.Entry::getValue).toArray());
        Array served = connection.createArrayOf(
                "text",
                wanted.stream()
                        .map(e -> lastServed.getOrDefault(e.getKey(), ""))
                        .toArray());
        try (PreparedStatement statement = connection.prepareStatement(CLAIM)) {
            // A plan that was kept from when the table was empty would read all of a full one.
            statement.unwrap(PGStatement.class).setPrepareThreshold(0);
            statement.setString(1, token.node().value());
            statement.setLong(2, token.epoch());
            statement.setArray(3, routes);
            statement.setArray(4, slots);
            statement.setArray(5, served);
            statement.setBoolean(6, room.pulls() > 0);
            statement.setInt(7, room.pulls());
            statement.setInt(8, batch);
            statement.setString(9, token.node().value());
            statement.setLong(10, token.epoch());
            statement.setLong(11, key);
            try (ResultSet rows = statement.executeQuery()) {
                return claimed(rows, token);
            }
        }
    }

    private List<ClaimedEvent> claimed(ResultSet rows, FencingToken token) throws SQLException {
        List<ClaimedEvent> claimed = new ArrayList<>();
        while (rows.next()) {
            rows.getLong("lease");
            if (rows.wasNull()) {
                throw new SeraiException(
                        ErrorCode.FENCED,
                        "the lease of node " + token.node() + " (epoch " + token.epoch()
                                + ") has ended; it claims nothing more");
            }
            rows.getLong("id");
            if (!rows.wasNull()) {
                times.add(rows.getDouble("waited"));
                claimed.add(EventRows.claimed(rows, token));
            }
        }
        return claimed;
    }

    /** The server may still be at the claim whose connection was lost; it ends before this lock is given. */
    private static void awaitClaim(Connection connection, FencingToken token) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LOCK_LEASE)) {
            statement.setString(1, token.node().value());
            statement.setLong(2, token.epoch());
            statement.execute();
        }
    }

    private static List<ClaimedEvent> readAgain(Connection connection, FencingToken token, long key)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(READ_AGAIN)) {
            statement.setLong(1, token.epoch());
            statement.setLong(2, key);
            try (ResultSet rows = statement.executeQuery()) {
                List<ClaimedEvent> claimed = new ArrayList<>();
                while (rows.next()) {
                    claimed.add(EventRows.claimed(rows, token));
                }
                return claimed;
            }
        }
    }
}
