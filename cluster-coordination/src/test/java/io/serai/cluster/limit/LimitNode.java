package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.node.FencingToken;
import io.serai.config.name.AccountName;
import io.serai.config.name.NodeName;
import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** One node of a test: a lease, a pool and limits of its own on the class's database. */
final class LimitNode implements AutoCloseable {
    final Database database;
    final FencingToken token;
    final ClusterLimits limits;
    final Set<SessionId> loggedIn = ConcurrentHashMap.newKeySet();
    final List<SessionId> ended = new CopyOnWriteArrayList<>();
    final AtomicInteger announced = new AtomicInteger();

    LimitNode(DatabaseSettings settings, String name, LockoutLimits lockout) {
        database = new Database(settings.withApplicationName(name));
        token = new FencingToken(new NodeName(name), lease(name));
        limits = new ClusterLimits(database, () -> token, lockout, announced::incrementAndGet);
        limits.watchSessions(new LimitWatch.NodeSessions() {
            @Override
            public Set<SessionId> loggedIn() {
                return Set.copyOf(loggedIn);
            }

            @Override
            public void end(SessionId session, String reason) {
                ended.add(session);
            }
        });
        limits.start();
    }

    static LockoutLimits lockout() {
        return new LockoutLimits(3, 8, Duration.ofMinutes(1), Optional.of(Duration.ofMinutes(5)), 50);
    }

    private long lease(String name) {
        return database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into node (name, epoch, boot_id, version, address, state, lease_until)
                    values (?, nextval('node_epoch'), gen_random_uuid(), 'test', 'localhost', 'active',
                            clock_timestamp() + interval '1 hour')
                    on conflict (name) do update set epoch = excluded.epoch, state = 'active',
                            lease_until = excluded.lease_until
                    returning epoch
                    """)) {
                statement.setString(1, name);
                try (var row = statement.executeQuery()) {
                    row.next();
                    return row.getLong(1);
                }
            }
        });
    }

    /** The lease is over, as that of a node that froze; nobody has taken over yet. */
    void endLease() {
        database.execute(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("update node set lease_until = clock_timestamp() where epoch = ?")) {
                statement.setLong(1, token.epoch());
                statement.executeUpdate();
            }
        });
    }

    FencingToken token() {
        return token;
    }

    /** As if it had been there for so long. */
    void age(SessionId session, Duration age) {
        database.execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "update partner_session set since = since - make_interval(secs => ?) where id = ?")) {
                statement.setDouble(1, age.toSeconds());
                statement.setObject(2, session.value());
                statement.executeUpdate();
            }
        });
    }

    DeadBoot dead() {
        return new DeadBoot(token.node(), token.epoch(), UUID.randomUUID());
    }

    SessionRegister.Admission admit(SessionId session, String account, int most) {
        return admit(session, account, most, "192.0.2.1");
    }

    SessionRegister.Admission admit(SessionId session, String account, int most, String origin) {
        SessionRegister.Admission admission = limits.sessions()
                .admit(new SessionRegister.NewSession(
                        session,
                        new AccountName(account),
                        most,
                        Protocol.SFTP,
                        "sftp",
                        origin + ":40000",
                        Optional.of("client\u0000software"),
                        account,
                        origin));
        if (admission == SessionRegister.Admission.ADMITTED) {
            loggedIn.add(session);
        }
        return admission;
    }

    @Override
    public void close() {
        limits.close();
        database.close();
    }
}
