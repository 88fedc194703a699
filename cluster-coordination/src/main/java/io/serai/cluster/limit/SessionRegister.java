package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.NodeName;
import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of the whole cluster that have logged in, a row each. An account's limit is admitted by one statement;
 * logins of one account on one node go to the database one after the other, so that a rush of them takes one connection
 * and not all. Safe for use by many threads.
 */
public final class SessionRegister {
    static final String CHANNEL = "serai_session";
    private static final int LOCKS = 64;
    private static final int LONGEST_SOFTWARE = 200;
    private static final Duration LONGEST_FLUSH = Duration.ofSeconds(2);

    private static final String ADMIT = "select admit_session(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    // A session that another node has taken meanwhile is that node's.
    private static final String REMOVE = "delete from partner_session where id = any (?) and node = ?";
    private static final String ONE_OF_ACCOUNT = "select pg_advisory_xact_lock(1397048137, hashtext('session ' || ?))";
    // Young again, or the tidying of this node, which does not know of it yet, would remove it.
    private static final String MOVE = """
            update partner_session s set node = ?, epoch = ?, since = clock_timestamp(), latest_move = ?
             where s.id = ? and s.account = ? and s.latest_move < ? and s.end_requested_at is null and lease_holds(?, ?)
               and (select count(*) from partner_session o join node n on n.epoch = o.epoch
                     where o.account = s.account and o.id <> s.id and n.state in ('active', 'draining')
                       and n.lease_until > clock_timestamp()) < ?
            """;
    private static final String LEAVE = """
            update partner_session set epoch = -epoch, since = clock_timestamp() where epoch = ?
            """;
    private static final String LEAVE_DEAD = """
            update partner_session s set epoch = -epoch, since = clock_timestamp()
             where epoch > 0 and not exists (
                select 1 from node n where n.epoch = s.epoch and n.state in ('active', 'draining')
                   and n.lease_until > clock_timestamp() - interval '60 seconds')
            """;
    private static final String FORGET =
            "delete from partner_session where epoch < 0 and since < clock_timestamp() - interval '60 seconds'";
    private static final String LIST = """
            select s.id, s.account, s.protocol, s.listener, s.peer, s.software, s.node, s.epoch, s.since,
                   s.end_requested_at is not null
              from partner_session s join node n on n.epoch = s.epoch
             where n.state in ('active', 'draining') and n.lease_until > clock_timestamp()
             order by s.since, s.id
            """;
    private static final String REQUEST_END = """
            with asked as (
                update partner_session
                   set end_requested_at = coalesce(end_requested_at, clock_timestamp()), end_requested_by = ?
                 where id = ? returning id
            )
            select pg_notify('serai_session', id::text) from asked
            """;
    private static final String TO_END =
            "select id, end_requested_by from partner_session where epoch = ? and end_requested_at is not null";
    private static final String OF_EPOCH =
            "select id from partner_session where epoch = ?" + " and since < clock_timestamp() - interval '30 seconds'";
    private static final String ALL_OF_EPOCH = "select id from partner_session where epoch = ?";

    private final Database database;
    private final Fence fence;
    private final LockoutLimits lockout;
    private final RowRemover remover;
    private final List<ReentrantLock> locks =
            Stream.generate(ReentrantLock::new).limit(LOCKS).toList();
    /** As which rows are this node's; null until it has made one. */
    private volatile @Nullable NodeName self;

    SessionRegister(Database database, Fence fence, LockoutLimits lockout) {
        this.database = database;
        this.fence = fence;
        this.lockout = lockout;
        this.remover = new RowRemover("session-remover", this::remove);
    }

    /** What became of a login that had proven itself. */
    public enum Admission {
        ADMITTED,
        /** The account has its most sessions already. */
        FULL,
        /** Failures on whichever node forbid it. */
        LOCKED_OUT
    }

    /**
     * A login that has proven itself.
     *
     * @param most the sessions that the account may have in the whole cluster
     * @param login the user name as it was given, with what failures are counted
     * @param origin the address by which failures are counted
     */
    public record NewSession(
            SessionId id,
            AccountName account,
            int most,
            Protocol protocol,
            String listener,
            String peer,
            Optional<String> software,
            String login,
            String origin) {}

    /** A session that an operator wants to end. */
    record EndRequest(SessionId session, String by) {}

    /**
     * Admits a session or says why not. Forgets the failures of this login from there when it is admitted.
     *
     * @throws SeraiException {@code FENCED} when this node's lease is over, another when the database did not answer; the
     *     session is not admitted then
     */
    public Admission admit(NewSession session) {
        FencingToken token = fence.token();
        self = token.node();
        ReentrantLock lock = locks.get(Math.floorMod(session.account().hashCode(), LOCKS));
        lock.lock();
        try {
            boolean somebodyLeaves = remover.isBusy();
            String outcome = ask(session, token);
            if (outcome.equals("full") && somebodyLeaves) {
                remover.flush(LONGEST_FLUSH);
                outcome = ask(session, token);
            }
            return switch (outcome) {
                case "admitted" -> Admission.ADMITTED;
                case "full" -> Admission.FULL;
                case "locked" -> Admission.LOCKED_OUT;
                default ->
                    throw new SeraiException(
                            ErrorCode.FENCED, "the lease of node " + token.node() + " is over; it admits nobody");
            };
        } catch (SeraiException e) {
            // A statement without an answer may have admitted it.
            remover.remove(session.id().value());
            throw e;
        } finally {
            lock.unlock();
        }
    }

    private String ask(NewSession session, FencingToken token) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(ADMIT)) {
                statement.setObject(1, session.id().value());
                statement.setString(2, session.account().value());
                statement.setInt(3, session.most());
                statement.setString(4, session.protocol().name().toLowerCase(Locale.ROOT));
                statement.setString(5, session.listener());
                statement.setString(6, session.peer());
                statement.setString(
                        7, session.software().map(SessionRegister::storable).orElse(null));
                statement.setString(8, token.node().value());
                statement.setLong(9, token.epoch());
                statement.setString(10, session.origin());
                statement.setString(11, LoginFailures.key(session.login()));
                statement.setInt(12, lockout.ofLogin());
                statement.setInt(13, lockout.ofOrigin());
                statement.setLong(14, lockout.forgetOneAfter().toMillis());
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return row.getString(1);
                }
            }
        });
    }

    /**
     * Takes over a session that another node of the cluster has, or had when it died: its place comes along. The register is
     * the truth about which sessions there are: one that was closed, ended or was to end is in it no more.
     *
     * @param most the sessions that the account may have in the whole cluster
     * @param attempt only higher than that of every move of this session before, so that one that was given up and comes late does
     *     not take the session away from where it has gone since
     * @return whether it is this node's now
     */
    public boolean move(SessionId session, AccountName account, int most, long attempt) {
        FencingToken token = fence.token();
        self = token.node();
        remover.keep(session.value()); // an end of it here that the database has not taken yet was of before
        return database.transaction(connection -> {
            try (PreparedStatement lock = connection.prepareStatement(ONE_OF_ACCOUNT)) {
                lock.setString(1, account.value());
                lock.execute();
            }
            try (PreparedStatement statement = connection.prepareStatement(MOVE)) {
                statement.setString(1, token.node().value());
                statement.setLong(2, token.epoch());
                statement.setLong(3, attempt);
                statement.setObject(4, session.value());
                statement.setString(5, account.value());
                statement.setLong(6, attempt);
                statement.setString(7, token.node().value());
                statement.setLong(8, token.epoch());
                statement.setInt(9, most);
                return statement.executeUpdate() == 1;
            }
        });
    }

    /**
     * The sessions of a node that is over count no more, but for a minute another node may still take them; the number of
     * sessions.
     */
    int leave(long epoch) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LEAVE)) {
                statement.setLong(1, epoch);
                return statement.executeUpdate();
            }
        });
    }

    /** Does so for nodes that nobody took over, as they stopped in order; then removes what nobody has taken. */
    void forget() {
        for (String sql : List.of(LEAVE_DEAD, FORGET)) {
            database.statement(connection -> {
                try (PreparedStatement statement = connection.prepareStatement(sql)) {
                    return statement.executeUpdate();
                }
            });
        }
    }

    /**
     * Those of this node's sessions that another node has taken, or that have no place for another reason.
     *
     * @param known the node's sessions that have logged in
     */
    List<SessionId> withoutPlace(FencingToken token, Supplier<Set<SessionId>> known) {
        // Asked before the rows: a session is known only after it was admitted.
        Set<SessionId> present = known.get();
        if (present.isEmpty()) {
            return List.of();
        }
        List<UUID> rows = database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(ALL_OF_EPOCH)) {
                statement.setLong(1, token.epoch());
                return RowRemover.ids(statement);
            }
        });
        Set<UUID> placed = Set.copyOf(rows);
        return present.stream()
                .filter(session -> !placed.contains(session.value()))
                .toList();
    }

    private static String storable(String text) {
        String clean = text.replace('\0', '?');
        return clean.length() <= LONGEST_SOFTWARE ? clean : clean.substring(0, LONGEST_SOFTWARE);
    }

    /** The session is over: its place is free soon. Returns at once. */
    public void ended(SessionId session) {
        remover.remove(session.value());
    }

    /** All sessions of nodes that live, oldest first. */
    public List<ClusterSession> list() {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LIST);
                    ResultSet rows = statement.executeQuery()) {
                List<ClusterSession> all = new ArrayList<>();
                while (rows.next()) {
                    all.add(session(rows));
                }
                return all;
            }
        });
    }

    private static ClusterSession session(ResultSet row) throws SQLException {
        return new ClusterSession(
                new SessionId(row.getObject(1, UUID.class)),
                new AccountName(row.getString(2)),
                Protocol.valueOf(row.getString(3).toUpperCase(Locale.ROOT)),
                row.getString(4),
                row.getString(5),
                Optional.ofNullable(row.getString(6)),
                new NodeName(row.getString(7)),
                row.getLong(8),
                row.getObject(9, OffsetDateTime.class).toInstant(),
                row.getBoolean(10));
    }

    /** Asks the node that has the session to end it, which it does within a second; false when there is no such session. */
    public boolean requestEnd(SessionId session, String by) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(REQUEST_END)) {
                statement.setString(1, by);
                statement.setObject(2, session.value());
                try (ResultSet rows = statement.executeQuery()) {
                    return rows.next();
                }
            }
        });
    }

    /** Sessions of this node that are to end. */
    List<EndRequest> endRequests(Connection connection, FencingToken token) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(TO_END)) {
            statement.setLong(1, token.epoch());
            try (ResultSet rows = statement.executeQuery()) {
                List<EndRequest> requests = new ArrayList<>();
                while (rows.next()) {
                    requests.add(new EndRequest(new SessionId(rows.getObject(1, UUID.class)), rows.getString(2)));
                }
                return requests;
            }
        }
    }

    /** Removes rows of this node whose sessions are not among these; they were left by statements without an answer. */
    void removeOthers(FencingToken token, Supplier<Set<SessionId>> known) {
        List<UUID> rows = database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(OF_EPOCH)) {
                statement.setLong(1, token.epoch());
                return RowRemover.ids(statement);
            }
        });
        self = token.node();
        // Asked after the rows, which are not young: a session is known soon after it was admitted.
        Set<SessionId> present = known.get();
        rows.stream().filter(id -> !present.contains(new SessionId(id))).forEach(remover::remove);
    }

    private void remove(List<UUID> ids) {
        NodeName node = self;
        if (node == null) {
            return;
        }
        database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(REMOVE)) {
                statement.setArray(1, connection.createArrayOf("uuid", ids.toArray()));
                statement.setString(2, node.value());
                return statement.executeUpdate();
            }
        });
    }

    void start() {
        remover.start();
    }

    void stop() {
        remover.stop();
    }
}
