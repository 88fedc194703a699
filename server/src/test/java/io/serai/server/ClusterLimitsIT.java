package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Limits of the cluster with real servers and real SFTP logins. */
@Tag("paired")
class ClusterLimitsIT {
    private static final int LOGINS = 300;
    private static final int MOST = 10;

    private static TestFolder folder;
    private static ClusterOfServers cluster;

    @BeforeAll
    static void startCluster() {
        folder = new TestFolder("cluster-limits");
        cluster = ClusterOfServers.start(folder, 3, Map.of("login.max-waiting", "1000"));
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
        folder.close();
    }

    private static void account(String name, int sessions) {
        cluster.server(0).apply(Map.of("account-" + name + ".yaml", """
                kind: Account
                name: %s
                spec:
                  password: "%s"
                  sessions: %d
                """.formatted(name, Partner.PASSWORD, sessions)));
        await().ignoreExceptions()
                .atMost(Duration.ofSeconds(20))
                .until(() -> cluster.nodes().stream()
                        .allMatch(node -> node.server().admin().get("/api/v1/objects/account/" + name) != null));
    }

    /** A login that stays; empty when it was refused, and nothing else counts as refused. */
    private static Optional<Session> logIn(int server, String account) {
        try {
            return Optional.of(connect(server, account));
        } catch (JSchException e) {
            assertThat(e).as("what a refused client is told").hasMessageStartingWith("Auth fail");
            return Optional.empty();
        }
    }

    private static Session connect(int server, String account) throws JSchException {
        Session session = new JSch()
                .getSession(account, "127.0.0.1", cluster.server(server).port("sftp"));
        session.setPassword(Partner.PASSWORD);
        session.setConfig("StrictHostKeyChecking", "no");
        session.setConfig("PreferredAuthentications", "password");
        session.setConfig("kex", "curve25519-sha256");
        // Each client would try all that it knows before it speaks: seconds of processor time for hundreds of them.
        for (String trial : List.of("CheckKexes", "CheckCiphers", "CheckMacs", "CheckSignatures")) {
            session.setConfig(trial, "");
        }
        session.connect(120_000);
        return session;
    }

    private static List<JsonNode> sessions(int server, String account) {
        List<JsonNode> found = new ArrayList<>();
        for (JsonNode session :
                cluster.server(server).admin().get("/api/v1/sessions").path("sessions")) {
            if (session.path("account").asText().equals(account)) {
                found.add(session);
            }
        }
        return found;
    }

    @Test
    void tenOfThreeHundredLoginsByThreeServersAreAdmitted() throws Exception {
        account("rush", MOST);
        // Each node knows the password then, and what the three hundred wait for is their admission.
        for (int server = 0; server < 3; server++) {
            assertThat(logIn(server, "rush")).isPresent().get().satisfies(Session::disconnect);
        }
        await().atMost(Duration.ofSeconds(20)).until(() -> sessions(0, "rush").isEmpty());
        Queue<Session> admitted = new ConcurrentLinkedQueue<>();
        CyclicBarrier together = new CyclicBarrier(LOGINS);
        ExecutorService clients = Executors.newFixedThreadPool(LOGINS);
        List<Future<?>> logins = new ArrayList<>();
        for (int i = 0; i < LOGINS; i++) {
            int server = i % 3;
            logins.add(clients.submit(() -> {
                together.await(1, TimeUnit.MINUTES);
                return logIn(server, "rush").map(admitted::add);
            }));
        }
        for (Future<?> login : logins) {
            login.get(5, TimeUnit.MINUTES);
        }
        clients.shutdown();
        assertThat(admitted).hasSize(MOST);
        for (int server = 0; server < 3; server++) {
            assertThat(sessions(server, "rush")).hasSize(MOST);
        }
        admitted.forEach(Session::disconnect);
        await().atMost(Duration.ofSeconds(10)).until(() -> sessions(1, "rush").isEmpty());
        assertThat(logIn(2, "rush")).isPresent().get().satisfies(Session::disconnect);
    }

    @Test
    void anOperatorOfOneServerEndsASessionOfAnother() {
        account("faraway", 5);
        Session session = logIn(1, "faraway").orElseThrow();
        JsonNode shown = sessions(0, "faraway").get(0);
        assertThat(shown.path("node").asText()).isEqualTo("b");
        cluster.server(0).admin().delete("/api/v1/sessions/" + shown.path("id").asText());
        await().atMost(Duration.ofSeconds(5)).until(() -> !session.isConnected());
        assertThat(sessions(2, "faraway")).isEmpty();
    }

    @Test
    void aBanHoldsOnAllServersAtOnceAndEndsSessions() {
        account("banned", 5);
        Session session = logIn(1, "banned").orElseThrow();
        cluster.server(2).admin().post("/api/v1/bans", Map.of("network", "127.0.0.1", "reason", "test"));
        await().atMost(Duration.ofSeconds(5)).until(() -> !session.isConnected());
        try {
            for (int server = 0; server < 3; server++) {
                int at = server;
                assertThatThrownBy(() -> connect(at, "banned"))
                        .as("who is banned is sent away, at once and before the password")
                        .isInstanceOf(JSchException.class)
                        .hasMessageNotContainingAny("timeout", "Auth fail");
            }
        } finally {
            cluster.server(0).admin().delete("/api/v1/bans/127.0.0.1%2F32");
        }
        for (int server = 0; server < 3; server++) {
            awaitLogin(server, "banned");
        }
    }

    /** The next test finds servers that let partners in. */
    private static void awaitLogin(int server, String account) {
        await().atMost(Duration.ofSeconds(40)).ignoreExceptions().until(() -> {
            connect(server, account).disconnect();
            return true;
        });
    }

    @Test
    void theSessionsOfAFrozenServerDoNotCountWhenItsLeaseIsOver() {
        account("survivor", 1);
        assertThat(logIn(2, "survivor")).isPresent();
        assertThat(logIn(0, "survivor")).isEmpty();
        cluster.server(2).freeze();
        try {
            await().atMost(Duration.ofSeconds(40)).until(() -> {
                Optional<Session> next = logIn(0, "survivor");
                next.ifPresent(Session::disconnect);
                return next.isPresent();
            });
        } finally {
            cluster.server(2).thaw();
        }
        awaitLogin(2, "survivor");
    }
}
