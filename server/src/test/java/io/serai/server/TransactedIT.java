package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A route that books a file in two databases and at a message broker, in one transaction with the end of its event, on a
 * cluster whose nodes are killed and frozen: each file is booked everywhere or nowhere, and in the end everywhere once.
 */
@Tag("paired")
class TransactedIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final String PREPARED = "select count(*) from pg_prepared_xacts";

    private static TestFolder folder;
    private static ClusterOfServers cluster;
    private static EmbeddedActiveMQ broker;
    private static String orders;
    private static String stock;
    private static Partner acme;

    @BeforeAll
    static void startCluster() throws Exception {
        folder = new TestFolder("transacted");
        cluster = ClusterOfServers.start(folder, 2, Map.of());
        orders = cluster.database().create("orders");
        stock = cluster.database().create("stock");
        run(orders, "create table booked (file text unique, event bigint)");
        run(stock, "create table moved (file text unique)");
        run(stock, """
                create function slow() returns trigger language plpgsql as
                $$ begin perform pg_sleep(30); return null; end $$""");
        int port = startBroker();
        acme = Partner.of(cluster.server(0), folder, "acme");
        cluster.server(0)
                .apply(Map.of(
                        "orders.yaml", dataSource("orders", orders),
                        "stock.yaml", dataSource("stock", stock),
                        "broker.yaml", """
                                kind: ConnectionFactory
                                name: messages
                                spec:
                                  url: tcp://127.0.0.1:%d
                                """.formatted(port),
                        "book.yaml", """
                                - route:
                                    id: book
                                    from:
                                      uri: arrival:acme/outbox
                                      steps:
                                        - transacted: {}
                                        - to: "sql:insert into booked values (:#${header.CamelSeraiFileName}, :#${header.CamelSeraiEventId})?dataSource=#orders"
                                        - to: "sql:insert into moved values (:#${header.CamelSeraiFileName})?dataSource=#stock"
                                        - setBody:
                                            simple: "${header.CamelSeraiFileName}"
                                        - to: "jms:queue:booked?connectionFactory=#messages"
                                """));
    }

    private static String dataSource(String name, String url) {
        return """
                kind: DataSource
                name: %s
                spec:
                  url: %s
                  user: %s
                  password: "%s"
                """.formatted(name, url, ClusterDatabase.USER, cluster.database().password());
    }

    private static int startBroker() throws Exception {
        int port;
        try (var socket = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        broker = new EmbeddedActiveMQ();
        broker.setConfiguration(new ConfigurationImpl()
                .setPersistenceEnabled(false)
                .setSecurityEnabled(false)
                .setJMXManagementEnabled(false)
                .addAcceptorConfiguration("tcp", "tcp://127.0.0.1:" + port));
        broker.start();
        return port;
    }

    @AfterAll
    static void stopCluster() throws Exception {
        cluster.close();
        broker.stop();
        folder.close();
    }

    @AfterEach
    void everythingIsBookedOnce() {
        await("the end of all events")
                .atMost(LIMIT)
                .until(() -> number(cluster.ask("select count(*) from event")) == 0);
        await("nothing prepared").atMost(LIMIT).until(() -> number(cluster.ask(PREPARED)) == 0);
        long ended = number(cluster.ask("select count(*) from event_history where route_id = 'book'"));
        assertThat(ask(orders, "select count(*) from booked")).isEqualTo(ended);
        assertThat(ask(stock, "select count(*) from moved")).isEqualTo(ended);
        await("the messages").atMost(LIMIT).until(() -> messages() == ended);
    }

    @Test
    void booksInBothDatabasesAndAtTheBroker() {
        send("plain.txt");

        await("the booking").atMost(LIMIT).until(() -> bookings("plain.txt") == 1);
    }

    @Test
    void aStepThatFailsUndoesAllAndTheEventIsTriedAgain() {
        run(stock, "insert into moved values ('refused.txt')");
        send("refused.txt");
        await("failed attempts")
                .atMost(LIMIT)
                .until(() -> number(cluster.ask("select count(*) from event_attempt")) >= 2);
        assertThat(bookings("refused.txt")).isZero();

        run(stock, "delete from moved where file = 'refused.txt'");

        await("the booking").atMost(LIMIT).until(() -> bookings("refused.txt") == 1);
    }

    @Test
    void anotherNodeSettlesWhatAKilledOneLeftPrepared() throws Exception {
        String runner = prepareOnly("killed.txt");
        long killed = System.nanoTime();
        cluster.node(runner).server().kill();

        long millis = awaitSettled(killed);
        System.out.println("In doubt after kill -9, settled by the survivor after ms: " + millis);
        assertThat(millis).isLessThan(ClusterOfServers.LEASE.toMillis() * 3 / 2);
        awaitBooked("killed.txt");
        cluster.node(runner).server().restart();
    }

    @Test
    void aThawedNodeDoesNotCommitWhatTheSurvivorRolledBack() throws Exception {
        String runner = prepareOnly("frozen.txt");
        long frozen = System.nanoTime();
        cluster.node(runner).server().freeze();

        long millis = awaitSettled(frozen);
        System.out.println("In doubt after SIGSTOP, settled by the survivor after ms: " + millis);
        awaitBooked("frozen.txt");
        cluster.node(runner).server().thaw();
        await("the thawed node's return")
                .atMost(LIMIT)
                .until(() -> number(cluster.ask("select count(*) from node where state = 'active'")) == 2);
    }

    @Test
    void killsAtAnyMomentBookNothingTwice() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 4; round++) {
            StringBuilder batch = new StringBuilder();
            for (int i = 0; i < 40; i++) {
                batch.append("put ")
                        .append(folder.file("r" + round + "-" + i + ".txt", 100))
                        .append(" /outbox/\n");
            }
            RunningServer victim = cluster.server(1);
            long before = number(cluster.ask("select count(*) from event_history"));
            acme.sftp(batch.toString()).expectSuccess();
            int ended = random.nextInt(40);
            await("so many events of this round")
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> number(cluster.ask("select count(*) from event_history")) - before >= ended);
            victim.kill();
            victim.restart();
        }
    }

    /** Sends a file and returns the node that has prepared "orders" and waits for "stock", for half a minute. */
    private static String prepareOnly(String name) {
        run(stock, """
                create constraint trigger slow after insert on moved
                deferrable initially deferred for each row execute function slow()""");
        send(name);
        await("a prepared transaction")
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> number(cluster.ask(PREPARED + " where database = 'orders'")) == 1);
        return cluster.ask("select claimed_by from event where state = 'claimed'");
    }

    private static long awaitSettled(long since) {
        await("the settlement")
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> number(cluster.ask(PREPARED + " where database = 'orders'")) == 0);
        return (System.nanoTime() - since) / 1_000_000;
    }

    private static void awaitBooked(String name) {
        run(stock, "select pg_terminate_backend(pid) from pg_stat_activity where query like 'PREPARE%'");
        run(stock, "drop trigger slow on moved");
        await("the booking").atMost(LIMIT).until(() -> bookings(name) == 1);
    }

    private static void send(String name) {
        acme.sftp("put " + folder.file(name, 100) + " /outbox/" + name + "\n").expectSuccess();
    }

    private static long bookings(String name) {
        return ask(orders, "select count(*) from booked where file = '" + name + "'");
    }

    private static long messages() {
        return broker.getActiveMQServer().locateQueue("booked").getMessageCount();
    }

    private static long number(String text) {
        return Long.parseLong(text);
    }

    private static long ask(String url, String sql) {
        try (Connection connection = DriverManager.getConnection(
                        url, ClusterDatabase.USER, cluster.database().password());
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void run(String url, String sql) {
        try (Connection connection = DriverManager.getConnection(
                        url, ClusterDatabase.USER, cluster.database().password());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
