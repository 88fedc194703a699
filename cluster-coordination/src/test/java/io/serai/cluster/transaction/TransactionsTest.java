package io.serai.cluster.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.ChildJvm;
import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TransactionsTest {
    @RegisterExtension
    static final TestDatabase SHARED = new TestDatabase();

    @RegisterExtension
    static final TestDatabase OTHER = TestDatabase.withoutSchema();

    private static final Duration IN_TIME = Duration.ofSeconds(20);
    private static final UUID BOOT = UUID.randomUUID();
    private static Transactions transactions;
    private static PostgresParticipant second;
    private static InDoubtRecovery recovery;

    @BeforeAll
    static void start() {
        run(SHARED.database(), "create table note (text text)");
        run(OTHER.database(), "create table note (text text)");
        long epoch = register("here", BOOT);
        NodeName name = new NodeName("here");
        transactions = new Transactions(SHARED.database(), () -> new FencingToken(name, epoch), name, BOOT);
        second = new PostgresParticipant("second", OTHER.settings().withMaxConnections(3), transactions);
        recovery = new InDoubtRecovery(
                transactions,
                () -> List.of(second, new PreparedInDatabase(SHARED.settings())),
                Duration.ofMinutes(10),
                InstantSource.system());
    }

    @AfterAll
    static void stop() {
        recovery.close();
        second.close();
        transactions.close();
    }

    @BeforeEach
    void emptyTables() {
        SHARED.truncate("note", "transaction_outcome");
        OTHER.truncate("note");
    }

    @Test
    void oneResourceIsAPlainCommitWithoutADecision() throws Exception {
        for (DataSource source : List.of(transactions.dataSource(), second.dataSource())) {
            transactions.begin();
            write(source, "one");
            transactions.commit();
        }

        assertThat(count(SHARED, "note") + count(OTHER, "note")).isEqualTo(2);
        assertThat(count(SHARED, "transaction_outcome")).isZero();
    }

    @Test
    void bothAreCommittedOrNone() throws Exception {
        transactions.begin();
        write(transactions.dataSource(), "kept");
        write(second.dataSource(), "kept");
        transactions.commit();
        transactions.begin();
        write(transactions.dataSource(), "dropped");
        write(second.dataSource(), "dropped");
        transactions.rollback();

        assertThat(count(SHARED, "note where text = 'kept'")).isEqualTo(1);
        assertThat(count(OTHER, "note where text = 'kept'")).isEqualTo(1);
        assertThat(count(SHARED, "note") + count(OTHER, "note")).isEqualTo(2);
        assertThat(prepared()).isZero();
    }

    @Test
    void theLastActIsAPartOfTheTransaction() throws Exception {
        transactions.begin();
        write(second.dataSource(), "with it");
        transactions.commit(Optional.of(connection -> insert(connection, "last act")));
        transactions.begin();
        write(second.dataSource(), "refused");
        assertThatThrownBy(() -> transactions.commit(Optional.of(connection -> {
                    insert(connection, "refused");
                    throw new SeraiException(ErrorCode.FENCED, "not held any more");
                })))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("not held");

        assertThat(count(SHARED, "note")).isEqualTo(1);
        assertThat(count(OTHER, "note")).isEqualTo(1);
        assertThat(prepared()).isZero();
    }

    @Test
    void decisionsThatEverybodyKnowsAreForgotten() throws Exception {
        for (int i = 0; i < 3; i++) {
            transactions.begin();
            write(transactions.dataSource(), "kept");
            write(second.dataSource(), "kept");
            transactions.commit();
        }
        assertThat(count(SHARED, "transaction_outcome")).isEqualTo(3);
        run(SHARED.database(), "update transaction_outcome set decided_at = decided_at - interval '5 seconds'");

        recovery.recoverLeft();

        assertThat(count(SHARED, "transaction_outcome")).isZero();
    }

    @Test
    void aDecisionIsKeptUntilTheDatabaseOfItsAddressHasBeenAsked() throws Exception {
        transactions.begin();
        write(transactions.dataSource(), "kept");
        write(second.dataSource(), "kept");
        transactions.commit();
        run(SHARED.database(), "update transaction_outcome set decided_at = decided_at - interval '5 seconds'");
        List<Participant> declared = new ArrayList<>();
        try (PostgresParticipant elsewhere = new PostgresParticipant("second", SHARED.settings(), transactions);
                InDoubtRecovery rounds = new InDoubtRecovery(
                        transactions, () -> declared, Duration.ofMinutes(10), InstantSource.system())) {
            declared.add(elsewhere);
            rounds.recoverLeft();
            assertThat(count(SHARED, "transaction_outcome"))
                    .as("the same name at another address does not know")
                    .isEqualTo(1);
            declared.add(second);
            rounds.recoverLeft();
            assertThat(count(SHARED, "transaction_outcome")).isZero();
        }
    }

    @Test
    void aTransactionOfAnEndedLeaseIsRefusedAndRolledBackEverywhere() throws Exception {
        run(SHARED.database(), "update node set state = 'dead' where name = 'here'");
        try {
            transactions.begin();
            write(transactions.dataSource(), "late");
            write(second.dataSource(), "late");
            assertThatThrownBy(() -> transactions.commit())
                    .isInstanceOfSatisfying(
                            SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FENCED));
        } finally {
            run(SHARED.database(), "update node set state = 'active' where name = 'here'");
        }

        assertThat(count(SHARED, "note") + count(OTHER, "note")).isZero();
        assertThat(prepared()).isZero();
    }

    @Test
    void rollsBackWhatAKilledNodeHadPreparedAndNotDecided() throws Exception {
        UUID boot = UUID.randomUUID();
        try (ChildJvm child = child("killed-early", boot, "prepared")) {
            child.await("prepared");
        }
        assertThat(prepared()).isEqualTo(1);

        int finished = recovery.recover(die("killed-early", boot), IN_TIME);

        assertThat(finished).isEqualTo(1);
        assertThat(prepared()).isZero();
        assertThat(count(SHARED, "note") + count(OTHER, "note")).isZero();
    }

    @Test
    void commitsWhatAKilledNodeHadDecided() throws Exception {
        UUID boot = UUID.randomUUID();
        try (ChildJvm child = child("killed-late", boot, "decided")) {
            child.await("decided");
        }
        assertThat(prepared()).isEqualTo(1);
        assertThat(count(SHARED, "note")).isEqualTo(1);
        assertThat(count(OTHER, "note")).isZero();

        int finished = recovery.recover(die("killed-late", boot), IN_TIME);

        assertThat(finished).isEqualTo(1);
        assertThat(prepared()).isZero();
        assertThat(count(OTHER, "note where text = 'both'")).isEqualTo(1);
    }

    @Test
    void aThawedNodeCannotCommitWhatWasRolledBack() throws Exception {
        UUID boot = UUID.randomUUID();
        try (ChildJvm child = child("frozen", boot, "prepared")) {
            child.await("prepared");
            signal("-STOP", child);
            assertThat(recovery.recover(die("frozen", boot), IN_TIME)).isEqualTo(1);
            child.tell("go on");
            signal("-CONT", child);
            assertThat(child.await("outcome")).doesNotContain("committed");
        }

        assertThat(prepared()).isZero();
        assertThat(count(SHARED, "note") + count(OTHER, "note")).isZero();
    }

    @Test
    void aThawedNodeFindsItsDecisionCarriedOut() throws Exception {
        UUID boot = UUID.randomUUID();
        try (ChildJvm child = child("frozen-late", boot, "decided")) {
            child.await("decided");
            signal("-STOP", child);
            assertThat(recovery.recover(die("frozen-late", boot), IN_TIME)).isEqualTo(1);
            child.tell("go on");
            signal("-CONT", child);
            assertThat(child.await("outcome")).isEqualTo("committed");
        }

        assertThat(prepared()).isZero();
        assertThat(count(SHARED, "note")).isEqualTo(1);
        assertThat(count(OTHER, "note")).isEqualTo(1);
    }

    @Test
    void leavesALivingNodeAloneAndSettlesWhenItDies() throws Exception {
        UUID boot = UUID.randomUUID();
        try (ChildJvm child = child("alive", boot, "prepared")) {
            child.await("prepared");
            assertThat(recovery.recoverLeft()).isZero();
            assertThat(recovery.report().prepared()).isEqualTo(1);
            assertThat(recovery.report().overdue()).isEmpty();
            assertThat(prepared()).isEqualTo(1);
        }
        DeadBoot unused = die("alive", boot);

        // As when the database was away during the takeover.
        assertThat(recovery.recoverLeft()).isEqualTo(1);
        assertThat(recovery.report().prepared()).isZero();
        assertThat(prepared()).isZero();
    }

    /** A resource that accepts a connection and answers nothing. */
    private record Stuck(CountDownLatch asked, CountDownLatch back) implements Participant {
        @Override
        public String name() {
            return "stuck";
        }

        @Override
        public void requirePreparation() {}

        @Override
        public Scan scan() throws Exception {
            asked.countDown();
            back.await();
            throw new SQLException("the connection broke");
        }
    }

    @Test
    void aTakeoverWaitsForNoResourceThatIsStuckAndForNoRound() throws Exception {
        UUID boot = UUID.randomUUID();
        Stuck stuck = new Stuck(new CountDownLatch(1), new CountDownLatch(1));
        try (InDoubtRecovery beside = new InDoubtRecovery(
                        transactions, () -> List.of(stuck, second), Duration.ofMinutes(10), InstantSource.system());
                ChildJvm child = child("beside", boot, "prepared")) {
            child.await("prepared");
            Thread round = new Thread(beside::recoverLeft);
            round.start();
            stuck.asked().await();
            DeadBoot dead = die("beside", boot);
            child.close();

            CompletableFuture<Integer> first =
                    CompletableFuture.supplyAsync(() -> beside.recover(dead, Duration.ofSeconds(2)));
            assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(prepared()).isZero();
            assertThat(beside.recover(dead, Duration.ofMillis(100))).isZero();
            stuck.back().countDown();
            round.join();
        } finally {
            stuck.back().countDown();
        }
    }

    @Test
    void raisesAnAlarmAfterFiveMinutes() throws Exception {
        UUID boot = UUID.randomUUID();
        InDoubtRecovery later = new InDoubtRecovery(
                transactions,
                () -> List.of(second),
                Duration.ofMinutes(10),
                () -> Instant.now().plus(Duration.ofMinutes(6)));
        try (ChildJvm child = child("old", boot, "prepared")) {
            child.await("prepared");
            int unused = later.recoverLeft();
            assertThat(later.report().overdue()).hasSize(1);
            assertThat(later.report().oldest()).isGreaterThan(Duration.ofMinutes(5));
        }
        assertThat(recovery.recover(die("old", boot), IN_TIME)).isEqualTo(1);
    }

    @Test
    void severalResourcesNeedADatabaseThatCanPrepare() throws Exception {
        PostgresParticipant unable = new PostgresParticipant("second", OTHER.settings(), transactions) {
            @Override
            int mostPrepared() {
                return 0;
            }
        };
        transactions.begin();
        write(transactions.dataSource(), "refused");
        write(unable.dataSource(), "refused");
        assertThatThrownBy(() -> transactions.commit())
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("max_prepared_transactions");
        unable.close();

        assertThat(count(SHARED, "note") + count(OTHER, "note")).isZero();
    }

    private static void signal(String signal, ChildJvm child) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", signal, Long.toString(child.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static ChildJvm child(String name, UUID boot, String where) throws IOException {
        DatabaseSettings shared = SHARED.settings();
        long epoch = register(name, boot);
        return ChildJvm.start(
                Map.of("DATABASE_PASSWORD", shared.password().reveal()),
                TransactingNode.class,
                shared.url(),
                OTHER.settings().url(),
                shared.user(),
                name,
                boot.toString(),
                Long.toString(epoch),
                where);
    }

    private static long register(String name, UUID boot) {
        return SHARED.database().transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into node (name, epoch, boot_id, version, address, state, lease_until)
                    values (?, nextval('node_epoch'), ?, 'test', 'localhost', 'active',
                            clock_timestamp() + interval '1 hour') returning epoch""")) {
                statement.setString(1, name);
                statement.setObject(2, boot);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    return rows.getLong(1);
                }
            }
        });
    }

    /** The lease ends; the row is marked as soon as no guarded transaction of the node is open. */
    private static DeadBoot die(String name, UUID boot) {
        run(
                SHARED.database(),
                "update node set lease_until = clock_timestamp(), state = 'dead' where name = '" + name + "'");
        return new DeadBoot(new NodeName(name), 0, boot);
    }

    private static void write(DataSource source, String text) throws SQLException {
        try (Connection connection = source.getConnection()) {
            insert(connection, text);
        }
    }

    private static void insert(Connection connection, String text) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("insert into note values (?)")) {
            statement.setString(1, text);
            statement.executeUpdate();
        }
    }

    private static long prepared() {
        return count(OTHER, "pg_prepared_xacts where database = current_database()");
    }

    private static long count(TestDatabase where, String from) {
        return where.database().read(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("select count(*) from " + from)) {
                rows.next();
                return rows.getLong(1);
            }
        });
    }

    private static void run(Database database, String sql) {
        database.execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }
}
