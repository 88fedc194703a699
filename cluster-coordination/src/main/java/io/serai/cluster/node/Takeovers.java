package io.serai.cluster.node;

import io.serai.cluster.database.Database;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The records of takeovers, for operators and for the steps that write into them. */
public final class Takeovers {
    private static final String LIST = """
            select t.id, t.node, t.epoch, t.taken_by, t.cause, t.last_sign_at, t.taken_at, t.finished_at,
                   t.work_ended_at,
                   (select string_agg(key || '=' || value, ',' order by key) from jsonb_each_text(t.counts)) as counts,
                   (select string_agg(key || '=' || value, ',' order by value::int desc, key)
                      from jsonb_each_text(t.ended_by)) as ended_by
            from takeover t order by t.id desc limit ?""";

    private final Database database;

    public Takeovers(Database database) {
        this.database = database;
    }

    /**
     * A takeover.
     *
     * @param cause silent, died, frozen, cut_off, without_storage or stopped
     * @param counts how much of each subject was taken over, once that is done
     * @param workEnded when the last of the events that went back to the queue had ended
     * @param endedBy who ended how many of them
     */
    public record TakeoverView(
            long id,
            NodeName node,
            long epoch,
            String takenBy,
            String cause,
            Optional<Instant> lastSign,
            Instant taken,
            Optional<Instant> finished,
            Optional<Instant> workEnded,
            Map<String, Integer> counts,
            Map<String, Integer> endedBy) {

        /** The record in a sentence. */
        public String text() {
            StringBuilder text =
                    new StringBuilder("node ").append(node).append(' ').append(happened());
            lastSign.ifPresent(time ->
                    text.append(" (last sign of life ").append(seconds(time)).append(')'));
            text.append(", taken over by ").append(takenBy).append(" at ").append(seconds(taken));
            if (finished.isEmpty()) {
                return text.append(", not finished yet").toString();
            }
            String what = counts.entrySet().stream()
                    .filter(count -> count.getValue() > 0)
                    .map(count -> count.getValue() + " " + word(count.getKey(), count.getValue()))
                    .collect(Collectors.joining(", "));
            text.append(": ").append(what.isEmpty() ? "nothing was left" : what + " returned");
            if (counts.getOrDefault("events", 0) > 0) {
                text.append(", ").append(work());
            }
            return text.toString();
        }

        private static String word(String plural, int count) {
            return count == 1 && plural.endsWith("s") ? plural.substring(0, plural.length() - 1) : plural;
        }

        private String happened() {
            return switch (cause) {
                case "died" -> "died";
                case "frozen" -> "froze";
                case "cut_off" -> "lost the database";
                case "without_storage" -> "lost the storage root";
                case "stopped" -> "stopped and had left work";
                default -> "stopped answering";
            };
        }

        private String work() {
            if (workEnded.isEmpty()) {
                return "not all finished yet";
            }
            String who = endedBy.entrySet().stream()
                    .map(entry -> entry.getKey() + " (" + entry.getValue() + ")")
                    .collect(Collectors.joining(", "));
            return "finished by " + who + " by " + seconds(workEnded.get());
        }

        private static Instant seconds(Instant time) {
            return time.truncatedTo(ChronoUnit.SECONDS);
        }
    }

    /** The latest takeovers, newest first. */
    public List<TakeoverView> latest(int limit) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LIST)) {
                statement.setInt(1, limit);
                try (ResultSet rows = statement.executeQuery()) {
                    List<TakeoverView> found = new ArrayList<>();
                    while (rows.next()) {
                        found.add(view(rows));
                    }
                    return found;
                }
            }
        });
    }

    /** Removes the records of takeovers that were finished longer ago than this; the number removed. */
    public int forget(Duration olderThan) {
        String sql = "delete from takeover where finished_at < clock_timestamp() - ? * interval '1 millisecond'"
                + " and work_ended_at is not null";
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setLong(1, olderThan.toMillis());
                return statement.executeUpdate();
            }
        });
    }

    private static TakeoverView view(ResultSet rows) throws SQLException {
        return new TakeoverView(
                rows.getLong("id"),
                new NodeName(rows.getString("node")),
                rows.getLong("epoch"),
                rows.getString("taken_by"),
                rows.getString("cause"),
                Nodes.instant(rows, "last_sign_at"),
                rows.getTimestamp("taken_at").toInstant(),
                Nodes.instant(rows, "finished_at"),
                Nodes.instant(rows, "work_ended_at"),
                counts(rows.getString("counts")),
                counts(rows.getString("ended_by")));
    }

    private static Map<String, Integer> counts(@org.jspecify.annotations.Nullable String text) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        if (text != null) {
            for (String part : text.split(",", -1)) {
                int sign = part.lastIndexOf('=');
                counts.put(part.substring(0, sign), Integer.parseInt(part.substring(sign + 1)));
            }
        }
        return counts;
    }

    /** Notes which events a dead boot holds, in the transaction that gives them back to the queue, and before that. */
    public static void noteEvents(Connection connection, DeadBoot dead) throws SQLException {
        TakeoverTable.noteEvents(connection, dead.epoch());
    }
}
