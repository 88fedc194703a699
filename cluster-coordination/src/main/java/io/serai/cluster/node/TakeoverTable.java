package io.serai.cluster.node;

import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** The statements on the records of takeovers. */
final class TakeoverTable {
    private static final String LIVE = """
            select 1 from node where name = taken_by
                and state in ('active', 'draining') and lease_until > clock_timestamp()""";

    private static final String NOTE_EVENTS = """
            insert into takeover_event (epoch, event_id)
            select claimed_epoch, id from event where state = 'claimed' and claimed_epoch = ?
            on conflict do nothing""";

    private static final String SETTLE = """
            with finished as materialized (
                select id, epoch from takeover
                where finished_at is not null and work_ended_at is null
                  and not exists (select 1 from takeover_event t join event e on e.id = t.event_id
                                  where t.epoch = takeover.epoch and e.state <> 'parked')
                for update skip locked
            ), who as (
                select f.id, coalesce(h.node, 'operator ' || h.ended_by, 'parked') as who,
                       count(*) as events, max(h.ended_at) as ended
                from finished f join takeover_event t on t.epoch = f.epoch
                    left join event_history h on h.id = t.event_id
                group by 1, 2
            ), gone as (
                delete from takeover_event t using finished f where t.epoch = f.epoch
            )
            update takeover t set
                work_ended_at = coalesce((select max(ended) from who where who.id = t.id), t.finished_at),
                ended_by = coalesce((select jsonb_object_agg(who, events) from who where who.id = t.id), '{}')
            from finished f where t.id = f.id""";

    /** Rows that belong to an epoch which is over and whose takeover, if there was one, is done. */
    private static final String STRAYS = """
            with held as (
                select claimed_epoch as epoch, min(claimed_by) as node from event where state = 'claimed' group by 1
                union all
                select epoch, min(node) from transfer where state = 'running' group by 1
            )
            select held.epoch, min(held.node) from held
            where not exists (select 1 from node n where n.epoch = held.epoch and n.state in ('active', 'draining'))
              and not exists (select 1 from takeover t where t.epoch = held.epoch and t.finished_at is null)
            group by 1""";

    private TakeoverTable() {}

    /** A takeover that is not done yet. */
    record Open(long id, DeadBoot dead) {}

    /** Records that a boot's work is to be taken over; a second record of the same boot changes nothing. */
    static void record(Connection connection, DeadBoot dead, NodeName taker, String cause) throws SQLException {
        String sql = """
                insert into takeover (node, epoch, boot_id, taken_by, cause, last_sign_at)
                values (?, ?, ?, ?, ?, (select renewed_at from node where name = ? and epoch = ?))
                on conflict (epoch) do nothing""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, dead.node().value());
            statement.setLong(2, dead.epoch());
            statement.setObject(3, dead.bootId());
            statement.setString(4, taker.value());
            statement.setString(5, cause);
            statement.setString(6, dead.node().value());
            statement.setLong(7, dead.epoch());
            statement.executeUpdate();
        }
    }

    /** The cause became known after the takeover. */
    static void explain(Connection connection, long epoch, String cause) throws SQLException {
        String sql = "update takeover set cause = ? where epoch = ? and cause = 'silent'";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, cause);
            statement.setLong(2, epoch);
            statement.executeUpdate();
        }
    }

    /** This node's unfinished takeovers, and those of takers that are not alive themselves. */
    static List<Open> claimOpen(Connection connection, NodeName taker) throws SQLException {
        String sql = "update takeover set taken_by = ? where finished_at is null and (taken_by = ? or not exists ("
                + LIVE + ")) returning node, epoch, boot_id, id";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, taker.value());
            statement.setString(2, taker.value());
            try (ResultSet rows = statement.executeQuery()) {
                List<Open> open = new ArrayList<>();
                while (rows.next()) {
                    DeadBoot dead = new DeadBoot(
                            new NodeName(rows.getString(1)), rows.getLong(2), rows.getObject(3, UUID.class));
                    open.add(new Open(rows.getLong(4), dead));
                }
                return open;
            }
        }
    }

    /** Notes the events that this boot holds, before they go back to the queue. */
    static void noteEvents(Connection connection, long epoch) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NOTE_EVENTS)) {
            statement.setLong(1, epoch);
            statement.executeUpdate();
        }
    }

    /** Adds what a step did to what the steps of this takeover did before. */
    static void add(Connection connection, Open open, NodeName taker, String subject, int count) throws SQLException {
        String sql = """
                update takeover set counts = counts || jsonb_build_object(
                    ?::text, coalesce((counts ->> ?)::int, 0) + ?)
                where id = ? and taken_by = ?""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, subject);
            statement.setString(2, subject);
            statement.setInt(3, count);
            statement.setLong(4, open.id());
            statement.setString(5, taker.value());
            statement.executeUpdate();
        }
    }

    private static Map<String, Integer> counts(Connection connection, Open open, List<String> subjects)
            throws SQLException {
        Map<String, Integer> counts = new LinkedHashMap<>();
        subjects.forEach(subject -> counts.put(subject, 0));
        String sql = "select c.key, c.value::int from takeover, jsonb_each_text(counts) c where id = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, open.id());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    counts.put(rows.getString(1), rows.getInt(2));
                }
            }
        }
        return counts;
    }

    /**
     * Ends a takeover and reports what was {@linkplain #add added}; one of a clean stop that had left nothing tells
     * nobody anything and goes.
     *
     * @param subjects their order in the report
     */
    static String finish(Connection connection, Open open, NodeName taker, List<String> subjects) throws SQLException {
        Map<String, Integer> counts = counts(connection, open, subjects);
        String report = report(counts);
        boolean anything = counts.values().stream().anyMatch(count -> count > 0);
        String delete = "delete from takeover where id = ? and taken_by = ? and cause = 'stopped'"
                + " and not exists (select 1 from takeover_event t where t.epoch = takeover.epoch)";
        try (PreparedStatement statement = connection.prepareStatement(delete)) {
            statement.setLong(1, open.id());
            statement.setString(2, taker.value());
            if (!anything && statement.executeUpdate() == 1) {
                return report;
            }
        }
        String sql = "update takeover set finished_at = clock_timestamp(), report = ? where id = ? and taken_by = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, report);
            statement.setLong(2, open.id());
            statement.setString(3, taker.value());
            statement.executeUpdate();
        }
        return report;
    }

    private static String report(Map<String, Integer> counts) {
        List<String> parts = new ArrayList<>();
        counts.forEach((subject, count) -> parts.add(subject + ": " + count));
        return String.join(", ", parts);
    }

    /** Writes down who ended the events of finished takeovers, where all have ended; the number of these takeovers. */
    static int settle(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(SETTLE);
        }
    }

    /** Has what belongs to nobody taken over, again if need be; the epochs. */
    static List<Long> recordStrays(Connection connection, NodeName taker) throws SQLException {
        List<Long> epochs = new ArrayList<>();
        List<NodeName> nodes = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(STRAYS)) {
            while (rows.next()) {
                epochs.add(rows.getLong(1));
                nodes.add(new NodeName(rows.getString(2)));
            }
        }
        for (int i = 0; i < epochs.size(); i++) {
            reopen(connection, new DeadBoot(nodes.get(i), epochs.get(i), new UUID(0, 0)), taker);
        }
        return epochs;
    }

    private static void reopen(Connection connection, DeadBoot dead, NodeName taker) throws SQLException {
        String sql = "update takeover set finished_at = null, work_ended_at = null, taken_by = ? where epoch = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, taker.value());
            statement.setLong(2, dead.epoch());
            if (statement.executeUpdate() == 0) {
                record(connection, dead, taker, "silent");
            }
        }
    }

    /** How long until the next lease of another node ends if it is not renewed; negative when one has ended. */
    static Optional<Duration> untilNextEnd(Connection connection, FencingToken token) throws SQLException {
        String sql = """
                select extract(epoch from min(lease_until) - clock_timestamp()) * 1000 from node
                where state in ('active', 'draining') and epoch <> ?""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, token.epoch());
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                double millis = rows.getDouble(1);
                return rows.wasNull() ? Optional.empty() : Optional.of(Duration.ofMillis((long) millis));
            }
        }
    }
}
