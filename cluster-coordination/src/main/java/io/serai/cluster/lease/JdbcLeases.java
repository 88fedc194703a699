package io.serai.cluster.lease;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseErrors;
import io.serai.cluster.database.SqlWork;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.node.LeaseConnection;
import io.serai.config.name.NodeName;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Leases as rows of the shared database. The calls have a connection of their own, so that a busy pool costs no lease,
 * and give a silent server up after a quarter of a lease's length. One thread calls; any may abort.
 */
public final class JdbcLeases implements Leases {
    private static final String LIVE = "n.state in ('active', 'draining') and n.lease_until > clock_timestamp()";

    // The token is drawn anew where the row is locked: one drawn before could be older than the row's.
    private static final String ACQUIRE = """
            insert into lease as l (name, holder, holder_epoch, token, acquired_at, until)
            select ?, n.name, n.epoch, nextval('lease_token'), clock_timestamp(),
                   clock_timestamp() + ? * interval '1 millisecond'
              from node n where n.name = ? and n.epoch = ? and %1$s
            on conflict (name) do update
               set holder = excluded.holder, holder_epoch = excluded.holder_epoch, token = nextval('lease_token'),
                   acquired_at = clock_timestamp(), until = clock_timestamp() + ? * interval '1 millisecond'
             where l.until <= clock_timestamp()
                or (l.holder = excluded.holder and l.holder_epoch = excluded.holder_epoch)
                or not exists (select 1 from node n where n.name = l.holder and n.epoch = l.holder_epoch and %1$s)
            returning token""".formatted(LIVE);

    private static final String RENEW = """
            update lease l set until = clock_timestamp() + ? * interval '1 millisecond'
              from node n
             where n.name = ? and n.epoch = ? and %s
               and l.holder = n.name and l.holder_epoch = n.epoch
               and l.token = any (?) and l.until > clock_timestamp()
            returning l.token""".formatted(LIVE);

    private static final String RELEASE =
            "update lease set until = clock_timestamp() where name = ? and token = ? and until > clock_timestamp()";

    private static final String DECLARE = """
            with gone as (
                delete from lease_candidate c
                 where (c.node = ? and not c.name = any (?))
                    or not exists (select 1 from node n where n.name = c.node and n.state <> 'removed'))
            insert into lease_candidate (name, node, epoch)
            select wished, ?, ? from unnest(?) as wished
            on conflict (name, node) do update set epoch = excluded.epoch""";

    private static final String SURVEY = """
            select true, c.name, n.name, n.epoch, n.state = 'draining', 0
              from lease_candidate c join node n on n.name = c.node and n.epoch = c.epoch
             where %1$s
            union all
            select false, l.name, n.name, n.epoch, n.state = 'draining', l.token
              from lease l join node n on n.name = l.holder and n.epoch = l.holder_epoch
             where l.until > clock_timestamp() and %1$s""".formatted(LIVE);

    private static final String LIST = """
            select l.name, l.holder, l.holder_epoch, l.token, l.acquired_at, l.until,
                   l.until > clock_timestamp() and exists (
                       select 1 from node n where n.name = l.holder and n.epoch = l.holder_epoch and %s)
              from lease l order by l.name""".formatted(LIVE);

    private final Database database;
    private final LeaseConnection connection;
    private final long ttlMillis;

    /** @param ttl the leases' length */
    public JdbcLeases(Database database, Duration ttl) {
        this.database = database;
        this.ttlMillis = ttl.toMillis();
        this.connection = new LeaseConnection(database.settings(), ttl);
    }

    @Override
    public Optional<LeaseToken> acquire(LeaseName name, FencingToken node) {
        return call(ACQUIRE, statement -> {
            statement.setString(1, name.toString());
            statement.setLong(2, ttlMillis);
            statement.setString(3, node.node().value());
            statement.setLong(4, node.epoch());
            statement.setLong(5, ttlMillis);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(new LeaseToken(name, node, row.getLong(1))) : Optional.empty();
            }
        });
    }

    @Override
    public Set<LeaseToken> renew(FencingToken node, Collection<LeaseToken> held) {
        Map<Long, LeaseToken> byToken = new HashMap<>();
        held.forEach(each -> byToken.put(each.token(), each));
        return call(RENEW, statement -> {
            statement.setLong(1, ttlMillis);
            statement.setString(2, node.node().value());
            statement.setLong(3, node.epoch());
            statement.setArray(
                    4,
                    statement
                            .getConnection()
                            .createArrayOf("int8", byToken.keySet().toArray()));
            Set<LeaseToken> renewed = new HashSet<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Optional.ofNullable(byToken.get(rows.getLong(1))).ifPresent(renewed::add);
                }
            }
            return renewed;
        });
    }

    @Override
    public void release(LeaseToken token) {
        call(RELEASE, statement -> {
            statement.setString(1, token.name().toString());
            statement.setLong(2, token.token());
            return statement.executeUpdate();
        });
    }

    @Override
    public void declare(FencingToken node, Collection<LeaseName> names) {
        Object[] wished = new TreeSet<>(names).stream().map(LeaseName::toString).toArray();
        call(DECLARE, statement -> {
            var array = statement.getConnection().createArrayOf("text", wished);
            statement.setString(1, node.node().value());
            statement.setArray(2, array);
            statement.setString(3, node.node().value());
            statement.setLong(4, node.epoch());
            statement.setArray(5, array);
            return statement.executeUpdate();
        });
    }

    @Override
    public Survey survey() {
        Map<LeaseName, Set<NodeName>> candidates = new HashMap<>();
        Map<LeaseName, Survey.Holder> holders = new HashMap<>();
        Set<NodeName> draining = new HashSet<>();
        return call(SURVEY, statement -> {
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    LeaseName name = LeaseName.parse(rows.getString(2));
                    NodeName node = new NodeName(rows.getString(3));
                    if (rows.getBoolean(1)) {
                        candidates
                                .computeIfAbsent(name, absent -> new HashSet<>())
                                .add(node);
                    } else {
                        holders.put(name, new Survey.Holder(node, rows.getLong(4), rows.getLong(6)));
                    }
                    if (rows.getBoolean(5)) {
                        draining.add(node);
                    }
                }
            }
            return new Survey(candidates, holders, draining);
        });
    }

    @Override
    public List<LeaseView> list() {
        return database.statement(pooled -> {
            try (PreparedStatement statement = pooled.prepareStatement(LIST);
                    ResultSet rows = statement.executeQuery()) {
                List<LeaseView> views = new ArrayList<>();
                while (rows.next()) {
                    views.add(new LeaseView(
                            LeaseName.parse(rows.getString(1)),
                            new NodeName(rows.getString(2)),
                            rows.getLong(3),
                            rows.getLong(4),
                            rows.getTimestamp(5).toInstant(),
                            rows.getTimestamp(6).toInstant(),
                            rows.getBoolean(7)));
                }
                return views;
            }
        });
    }

    @Override
    public void abort() {
        connection.abort();
    }

    @Override
    public void close() {
        connection.abort();
    }

    /** Does something with a prepared statement. */
    @FunctionalInterface
    private interface Use<T> {
        T of(PreparedStatement statement) throws SQLException;
    }

    private <T> T call(String sql, Use<T> use) {
        SqlWork<T> work = open -> {
            try (PreparedStatement statement = open.prepareStatement(sql)) {
                return use.of(statement);
            }
        };
        try {
            return work.run(connection.open());
        } catch (SQLException e) {
            connection.abort();
            throw DatabaseErrors.ofStatement(e);
        }
    }
}
