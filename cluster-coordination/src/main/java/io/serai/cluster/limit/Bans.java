package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Networks that no node lets in. A change is announced to all nodes, and every node compares its copy with the table in
 * less than a second, so that a lost announcement delays nothing for longer. Safe for use by many threads.
 */
public final class Bans {
    private static final Logger LOG = LoggerFactory.getLogger(Bans.class);
    /** Of operators, and as many by failures: of those the oldest goes, so that they never take the operators' room. */
    private static final int MOST = 10_000;

    private static final String ADD = """
            with made as (
                insert into ban as b (network, reason, banned_by, until)
                select ?::cidr, ?, ?, clock_timestamp() + ?::bigint * interval '1 millisecond'
                 where (select count(*) from ban where banned_by <> ? and network <> ?::cidr) < ?
                on conflict (network) do update
                   set reason = excluded.reason, banned_by = excluded.banned_by,
                       banned_at = clock_timestamp(), until = excluded.until
                returning 1
            )
            select pg_notify('serai_session', 'bans') from made
            """;
    private static final String ADD_BY_FAILURES = """
            with made as (
                insert into ban as b (network, reason, banned_by, until)
                values (?::cidr, ?, ?, clock_timestamp() + ?::bigint * interval '1 millisecond')
                on conflict (network) do update
                   set reason = excluded.reason, banned_by = excluded.banned_by,
                       banned_at = clock_timestamp(), until = excluded.until
                 where b.until <= clock_timestamp()
                returning 1
            ), gone as (
                delete from ban where network in (
                    select network from ban where banned_by = ? and network <> ?::cidr
                     order by banned_at desc, network offset ?)
            )
            select pg_notify('serai_session', 'bans') from made
            """;
    private static final String REMOVE = """
            with gone as (
                delete from ban where network = ?::cidr returning network
            ), forgiven as (
                delete from login_failure f using gone where split_part(f.origin, '@', 1)::inet <<= gone.network
            )
            select pg_notify('serai_session', 'bans') from gone
            """;
    private static final String LIST = """
            select network::text, reason, banned_by, banned_at, until from ban
             where until is null or until > clock_timestamp() order by banned_at, network
            """;
    private static final String STAMP = "select count(*) || ' ' || coalesce(max(banned_at)::text, '') from ban"
            + " where until is null or until > clock_timestamp()";
    private static final String FORGET = "delete from ban where until <= clock_timestamp()";

    private final Database database;
    private final List<Consumer<List<Ban>>> listeners = new CopyOnWriteArrayList<>();
    private volatile @Nullable String stamp;

    Bans(Database database) {
        this.database = database;
    }

    private record Wanted(String network, String reason, String by, Optional<Duration> time) {}

    /** Bans a network, or changes its ban. Empty {@code time}: until somebody takes it away. */
    public void add(String network, String reason, String by, Optional<Duration> time) {
        if (!insert(ADD, new Wanted(network, reason, by, time), MOST)) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "There are " + MOST
                            + " bans by operators already; remove some, or let a firewall keep these networks out");
        }
        LOG.info("{} is banned by {}: {}", network, by, reason);
    }

    /** An operator's ban of the same network stays as it is. */
    void addByFailures(String origin, int failures, Duration time) {
        Wanted ban = new Wanted(origin, failures + " failed logins", Ban.BY_FAILURES, Optional.of(time));
        // The new one is not among those that are counted.
        if (insert(ADD_BY_FAILURES, ban, MOST - 1)) {
            LOG.warn("{} is banned for {} s after {} failed logins", origin, time.toSeconds(), failures);
        }
    }

    private boolean insert(String sql, Wanted ban, int others) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setString(1, ban.network());
                statement.setString(2, ban.reason());
                statement.setString(3, ban.by());
                statement.setObject(4, ban.time().map(Duration::toMillis).orElse(null), java.sql.Types.BIGINT);
                statement.setString(5, Ban.BY_FAILURES);
                statement.setString(6, ban.network());
                statement.setInt(7, others);
                return isAny(statement);
            }
        });
    }

    /** Takes a ban away, and the failures from there with it; false when there is none of exactly this network. */
    public boolean remove(String network) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(REMOVE)) {
                statement.setString(1, network);
                return isAny(statement);
            }
        });
    }

    private static boolean isAny(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            return rows.next();
        }
    }

    /** The bans in force, oldest first. */
    public List<Ban> list() {
        return database.read(Bans::list);
    }

    private static List<Ban> list(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LIST);
                ResultSet rows = statement.executeQuery()) {
            List<Ban> bans = new ArrayList<>();
            while (rows.next()) {
                bans.add(new Ban(rows.getString(1), rows.getString(2), rows.getString(3), time(rows, 4), until(rows)));
            }
            return bans;
        }
    }

    private static Instant time(ResultSet row, int column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }

    private static Optional<Instant> until(ResultSet row) throws SQLException {
        return Optional.ofNullable(row.getObject(5, OffsetDateTime.class)).map(OffsetDateTime::toInstant);
    }

    /** Hears of all bans in force, once they are known and at each change, within a second on every node. */
    public void onChange(Consumer<List<Ban>> listener) {
        listeners.add(listener);
    }

    /** The table, and what tells it from others. */
    record Reading(String stamp, List<Ban> bans) {}

    /** The table when it is not as it was when the listeners were told last. */
    Optional<Reading> look(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(STAMP);
                ResultSet row = statement.executeQuery()) {
            row.next();
            String now = row.getString(1);
            return now.equals(stamp) ? Optional.empty() : Optional.of(new Reading(now, list(connection)));
        }
    }

    /** Tells the listeners, which may take time. */
    void tell(Reading reading) {
        listeners.forEach(listener -> listener.accept(reading.bans()));
        stamp = reading.stamp();
    }

    void forget() {
        database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FORGET)) {
                return statement.executeUpdate();
            }
        });
    }
}
