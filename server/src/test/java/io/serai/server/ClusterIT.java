package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three servers over one database and one shared folder: any takes a file in, any routes it, and a dead one's work is done. */
@Tag("paired")
class ClusterIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final String CLAIMED_BY = "select claimed_by from event where state = 'claimed'";
    private static final String CLAIMED = "select id::text from event where state = 'claimed'";
    private static final Pattern FENCED = Pattern.compile("(?m)^serai_fenced_total(?:\\{.*})? ([0-9.]+)$");

    /** While somebody holds the lock of this number, no node gets beyond the record of its rename. */
    private static final int GATE = 4711;

    private static final String HOLD_RENAMES = """
            create function test_gate() returns trigger language plpgsql as
                'begin perform pg_advisory_xact_lock(%1$d); return new; end';
            create trigger test_gate before update on delivery for each row
                when (new.state = 'renaming' and old.state <> 'renaming') execute function test_gate()""".formatted(GATE);
    private static final String WAITS_AT_GATE =
            "select 'yes' from pg_locks where locktype = 'advisory' and objid = " + GATE + " and not granted";

    private static TestFolder folder;
    private static ClusterOfServers cluster;
    private static Sshd receiver;
    private static Relay toReceiver;
    private static Partner acme;

    @BeforeAll
    static void startCluster() {
        folder = new TestFolder("cluster");
        cluster = ClusterOfServers.start(folder, 3, Map.of());
        receiver = new Sshd(folder);
        toReceiver = new Relay(receiver.port());
        acme = Partner.of(cluster.server(0), folder, "acme");
        cluster.server(0).apply(Map.of("site.yaml", receiver.site("receiver", toReceiver.port())));
        cluster.server(1).applyRoute("deliver", """
                - route:
                    id: deliver
                    from:
                      uri: arrival:acme/outbox
                      steps:
                        - to: site:receiver
                """);
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
        toReceiver.close();
        receiver.close();
        folder.close();
    }

    /** Uploads a file whose delivery stops in its middle; the node that delivers it. */
    private static ClusterOfServers.Node deliverHalf(String name) {
        Path file = folder.file(name, 3_000_000);
        toReceiver.silenceAfter(1_000_000);
        acme.sftp("put " + file + " /outbox/" + name + "\n").expectSuccess();
        String runner = await("a node that runs the event")
                .atMost(LIMIT)
                .until(() -> cluster.ask(CLAIMED_BY), found -> found != null);
        await("the middle of the delivery")
                .atMost(LIMIT)
                .until(() -> receiver.names().stream().anyMatch(found -> !found.endsWith(".bin")));
        return cluster.node(runner);
    }

    private static void expectDeliveredOnce(String name, ClusterOfServers.Node notBy) {
        Path arrived = receiver.inbox().resolve(name);
        await("the delivery by another node").atMost(LIMIT).until(() -> Files.exists(arrived));
        RunningServer other = cluster.anyBut(notBy.name());
        other.awaitNoEvents("deliver", LIMIT);
        assertThat(TestFolder.sha256(arrived)).isEqualTo(TestFolder.sha256(folder.resolve(name)));
        assertThat(receiver.renamedTo()).containsOnlyOnce(name);
        assertThat(receiver.names()).allMatch(found -> found.endsWith(".bin"));
        assertThat(other.transfers("state", "running")).isEmpty();
        assertThat(cluster.ask("select node from event_history where route_id = 'deliver' and path like ?", "%" + name))
                .isNotEqualTo(notBy.name());
    }

    @Test
    void anotherNodeFinishesWhatAKilledOneWasDelivering() {
        ClusterOfServers.Node runner = deliverHalf("killed.bin");
        runner.server().kill();
        toReceiver.mend();
        expectDeliveredOnce("killed.bin", runner);
        runner.server().restart();
    }

    /** Frozen in the middle of the file: what it still does when it thaws is refused by the database and its own lease. */
    @Test
    void aFrozenOwnerIsRefusedWhenItThaws() {
        ClusterOfServers.Node runner = deliverHalf("frozen.bin");
        String event = cluster.ask(CLAIMED);
        double fenced = fenced(runner);
        long printed = runner.server().printed();
        runner.server().freeze();
        toReceiver.mend();
        expectDeliveredOnce("frozen.bin", runner);
        runner.server().thaw();
        expectRefused(runner, event, printed, fenced);
        expectDeliveredOnce("frozen.bin", runner);
    }

    /**
     * Frozen when the rename was on its way. The partner's server keeps it back until another node has finished the
     * delivery, then tries it: there is nothing left to rename, and the former owner records nothing.
     */
    @Test
    void theRenameOfAFrozenOwnerIsRefusedAtThePartnerAndNotRecorded() throws SQLException {
        ClusterOfServers.Node runner = deliverHalf("renamed.bin");
        String event = cluster.ask(CLAIMED);
        ProcessHandle conversation = conversationThatWrites();
        double fenced = fenced(runner);
        long printed = runner.server().printed();
        try (Connection gate = cluster.database().connect()) {
            gate.setAutoCommit(false);
            execute(gate, HOLD_RENAMES);
            gate.commit();
            execute(gate, "select pg_advisory_lock(" + GATE + ")");
            toReceiver.mend();
            await("the record before the rename")
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> cluster.ask(WAITS_AT_GATE) != null);
            signal(conversation, "STOP");
            long passed = toReceiver.passed();
            execute(gate, "select pg_advisory_unlock(" + GATE + ")");
            gate.commit();
            await("the rename on its way").atMost(LIMIT).until(() -> toReceiver.passed() > passed);
        }
        runner.server().freeze();
        expectDeliveredOnce("renamed.bin", runner);
        signal(conversation, "CONT");
        await("the former owner's rename at the partner").atMost(LIMIT).until(() -> renamesTried("renamed.bin") == 2);
        runner.server().thaw();
        expectRefused(runner, event, printed, fenced);
        expectDeliveredOnce("renamed.bin", runner);
    }

    private static void expectRefused(ClusterOfServers.Node runner, String event, long printed, double fencedBefore) {
        String says = "Event " + event + " of route deliver ";
        await("the reasons in its log")
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(runner.server().logSince(printed))
                        .contains("lost its lease with epoch")
                        .contains(says + "is left to its next owner")
                        .containsPattern(says + "belongs to another owner now; \"give back\" is not written: event "
                                + event + " is not held by node " + runner.name()
                                + " \\(epoch [0-9]+\\) any more; nothing was written"));
        await("its new lease").atMost(LIMIT).ignoreExceptions().until(runner.server()::isReady);
        assertThat(fenced(runner)).as("serai_fenced_total").isGreaterThan(fencedBefore);
    }

    private static double fenced(ClusterOfServers.Node node) {
        try (InputStream metrics = URI.create(node.server().adminUrl() + "/observe/metrics")
                .toURL()
                .openStream()) {
            Matcher found = FENCED.matcher(new String(metrics.readAllBytes(), StandardCharsets.UTF_8));
            assertThat(found.find()).isTrue();
            return Double.parseDouble(found.group(1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The process of the partner's SSH server that has a file open for writing: its log is named after it. */
    private static ProcessHandle conversationThatWrites() {
        try (Stream<Path> conversations = Files.list(folder.resolve("sshd").resolve("sessions"))) {
            return conversations
                    .filter(ClusterIT::isWriting)
                    .flatMap(log ->
                            ProcessHandle.of(Long.parseLong(log.getFileName().toString())).stream())
                    .map(process -> process.children().findFirst().orElse(process)) // of a shell that waits for it
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isWriting(Path log) {
        try (Stream<String> lines = Files.lines(log)) {
            Set<String> open = new HashSet<>();
            lines.filter(line -> line.indexOf('"') > 0).forEach(line -> {
                String name = line.substring(line.indexOf('"'), line.lastIndexOf('"'));
                if (line.startsWith("open ") && line.contains("WRITE")) {
                    open.add(name);
                } else if (line.startsWith("close ")) {
                    open.remove(name);
                }
            });
            return !open.isEmpty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long renamesTried(String name) {
        try (Stream<Path> conversations = Files.list(folder.resolve("sshd").resolve("sessions"))) {
            return conversations.mapToLong(log -> renamesTried(log, name)).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long renamesTried(Path log, String name) {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains("rename old") && line.endsWith("/" + name + "\""))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void signal(ProcessHandle process, String signal) {
        Tool.run("kill", "-" + signal, Long.toString(process.pid())).expectSuccess();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
