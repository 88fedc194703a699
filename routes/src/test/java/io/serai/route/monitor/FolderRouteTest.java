package io.serai.route.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.lease.LeaseName;
import io.serai.cluster.lease.LeaseView;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.object.Route;
import io.serai.route.RunningNode;
import io.serai.route.SeraiHeaders;
import io.serai.route.deploy.RouteProblem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.camel.builder.RouteBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Routes that begin with {@code folder:}, on a real database and file system. */
@Timeout(120)
class FolderRouteTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final List<RunningNode> nodes = new ArrayList<>();
    private final List<String> processed = new CopyOnWriteArrayList<>();
    private final Map<String, String> contents = new ConcurrentHashMap<>();
    private Path inbox;

    @BeforeEach
    void prepare() throws IOException {
        DATABASE.truncate(
                "event",
                "event_attempt",
                "event_history",
                "transfer",
                "node",
                "lease",
                "lease_candidate",
                "monitored_file");
        inbox = Files.createDirectories(folder.resolve("area/inbox"));
    }

    @AfterEach
    void stopNodes() {
        nodes.forEach(RunningNode::close);
    }

    @Test
    void everyFileIsOneEventWithTheBytesThatWereSeen() throws Exception {
        put("a.csv", "first");
        node("n1").objects.put(route(""));
        nodes.get(0).start();
        put("b.csv", "second");
        await().atMost(LIMIT).until(() -> processed.size() == 2);
        assertThat(contents).containsEntry("a.csv", "first").containsEntry("b.csv", "second");

        // The same name with other content is another file; the same file again is not.
        put("a.csv", "third!");
        await().atMost(LIMIT).until(() -> processed.size() == 3);
        assertThat(contents).containsEntry("a.csv", "third!");
        await().during(Duration.ofSeconds(2)).atMost(LIMIT).until(() -> processed.size() == 3);
        assertThat(count("select count(*) from transfer where protocol = 'folder' and state = 'completed'"))
                .isEqualTo(3);
        MonitorCounts counts = nodes.get(0).monitorCounts();
        assertThat(counts.taken()).isEqualTo(3);
        assertThat(counts.files()).isEqualTo(2);
        assertThat(counts.folders()).isEqualTo(1);
        assertThat(counts.looks()).isGreaterThan(3);
        assertThat(counts.errors()).isZero();
    }

    @Test
    void aFolderThatIsNotThereIsAnErrorAndNothingElse() throws Exception {
        Files.delete(inbox);
        node("n1").objects.put(route(""));
        nodes.get(0).start();
        MonitorCounts counts = nodes.get(0).monitorCounts();
        await().atMost(LIMIT).until(() -> counts.errors() > 0);
        assertThat(counts.looks()).isZero();
        assertThat(counts.folders()).isEqualTo(1);
        nodes.get(0).close();
        assertThat(counts.folders()).isZero();
    }

    @Test
    void aFileThatGrowsIsTakenWhenItHasComeToRest() throws Exception {
        node("n1").objects.put(route("&stable=1500ms"));
        nodes.get(0).start();
        Path growing = inbox.resolve("big.csv");
        try (FileChannel channel = FileChannel.open(growing, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int i = 0; i < 20; i++) {
                channel.write(StandardCharsets.UTF_8.encode("line\n"));
                TimeUnit.MILLISECONDS.sleep(150); // another program that writes slowly
                assertThat(processed).isEmpty();
            }
        }
        await().atMost(LIMIT).until(() -> processed.size() == 1);
        assertThat(contents.get("big.csv")).isEqualTo("line\n".repeat(20));
    }

    @Test
    void patternsAndDepthSayWhatIsTakenAndLinksAreNotFollowed() throws Exception {
        put("a.csv", "1");
        put("a.txt", "2");
        put("one/b.csv", "3");
        put("one/two/c.csv", "4");
        put("one/two/three/d.csv", "5");
        put("one/draft.csv", "6");
        Path outside = Files.createDirectories(folder.resolve("outside"));
        Files.writeString(outside.resolve("secret.csv"), "7");
        Files.createSymbolicLink(inbox.resolve("link.csv"), outside.resolve("secret.csv"));
        Files.createSymbolicLink(inbox.resolve("linked"), outside);
        node("n1").objects.put(route("&include=**/*.csv&exclude=**/draft*&depth=2"));
        nodes.get(0).start();

        await().atMost(LIMIT).until(() -> processed.size() == 3);
        await().during(Duration.ofSeconds(2)).atMost(LIMIT).until(() -> processed.size() == 3);
        assertThat(contents).containsOnlyKeys("a.csv", "b.csv", "c.csv");
    }

    @Test
    void whatCannotBeReadOrNamedIsPassedOverAndTheOthersAreTaken() throws Exception {
        put("a.csv", "1");
        put("closed/b.csv", "2");
        put("open/c.csv", "3");
        Path closed = inbox.resolve("closed");
        Files.setPosixFilePermissions(closed, Set.of());
        // Java itself cannot make names that are no text.
        assertThat(new ProcessBuilder(
                                "bash",
                                "-c",
                                "mkdir $'no\\xfftext'; for d in . $'no\\xfftext'; do"
                                        + " echo 4 > $d/$'d\\xff.csv'; echo 5 > $d/$'d\\xff.txt'; done")
                        .directory(inbox.toFile())
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();
        try {
            node("n1").objects.put(route("&include=**/*.csv&depth=2"));
            nodes.get(0).start();
            // The superuser can read a closed folder.
            Set<String> expected =
                    Files.isReadable(closed) ? Set.of("a.csv", "b.csv", "c.csv") : Set.of("a.csv", "c.csv");
            await().atMost(LIMIT).until(() -> contents.keySet().equals(expected));
            MonitorCounts counts = nodes.get(0).monitorCounts();
            long looks = counts.looks();
            await().atMost(LIMIT).until(() -> counts.looks() > looks + 3);
            assertThat(counts.errors()).isEqualTo(Files.isReadable(closed) ? 2 : 3);
            assertThat(counts.files()).isEqualTo(expected.size());
            assertThat(count("select count(*) from transfer where state <> 'completed'"))
                    .isZero();
        } finally {
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        }
    }

    @Test
    void filesAreDeletedOrMovedWhenTheyHaveBeenTaken() throws Exception {
        node("n1").objects.put(route("&afterwards=move&moveTo=done"));
        nodes.get(0).start();
        put("a.csv", "first");
        await().atMost(LIMIT).until(() -> Files.exists(inbox.resolve("done/a.csv")));
        put("a.csv", "second");
        await().atMost(LIMIT).until(() -> {
            try (var moved = Files.list(inbox.resolve("done"))) {
                return moved.count() == 2;
            }
        });
        assertThat(inbox.resolve("a.csv")).doesNotExist();
        await().atMost(LIMIT).until(() -> processed.size() == 2);

        nodes.get(0).objects.put(route("&afterwards=delete"));
        put("b.csv", "third");
        await().atMost(LIMIT).until(() -> processed.size() == 3 && !Files.exists(inbox.resolve("b.csv")));
        await("what is owed is noted as done after it was done")
                .atMost(LIMIT)
                .until(() -> count("select count(*) from monitored_file where afterwards_owed") == 0);
    }

    @Test
    void foldersThatNobodyAllowedAreRefused() throws Exception {
        RunningNode node = node("n1");
        node.objects.put(new Route(new RouteId("inbox"), Route.Dsl.YAML, yaml("folder:/etc?every=200ms")));
        node.start();
        assertThat(node.deployer.problems())
                .singleElement()
                .satisfies(problem ->
                        assertThat(((RouteProblem) problem).toString()).contains("/etc", "monitors.roots"));

        Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
        Path link = Files.createSymbolicLink(folder.resolve("area/link"), elsewhere);
        assertThatThrownBy(() -> node.monitorRoots.require(link))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("symbolic link");
    }

    @Test
    void oneNodeLooksAndAnotherGoesOnWhenItStops() throws Exception {
        for (String name : List.of("n1", "n2")) {
            node(name).objects.put(route("&stable=200ms"));
        }
        nodes.forEach(RunningNode::start);
        IntStream.range(0, 200).forEach(i -> put("first-" + i + ".csv", "content " + i));
        await().atMost(LIMIT).until(() -> processed.size() >= 50);

        // The holder goes in the middle of its work.
        RunningNode holder = nodes.stream()
                .filter(node -> node.lease.identity().name().equals(holder().holder()))
                .findFirst()
                .orElseThrow();
        IntStream.range(0, 200).forEach(i -> put("second-" + i + ".csv", "content " + i));
        holder.close();
        nodes.remove(holder);

        await().atMost(LIMIT).until(() -> processed.size() >= 400);
        await().during(Duration.ofSeconds(2)).atMost(LIMIT).until(() -> processed.size() == 400);
        assertThat(processed).doesNotHaveDuplicates();
    }

    @Test
    void aHolderWhoseLeaseIsGoneTakesNothing() throws Exception {
        RunningNode node = node("n1");
        node.objects.put(route("&stable=200ms"));
        node.start();
        put("a.csv", "1");
        await().atMost(LIMIT).until(() -> processed.size() == 1);
        // As if another node had taken the lease while this one was frozen: the keeper does not know yet.
        execute("update lease set token = nextval('lease_token'), holder = 'other' where name = 'monitor/inbox'");
        put("b.csv", "2");
        TimeUnit.MILLISECONDS.sleep(1500); // looks in which the file would be taken
        assertThat(processed).hasSize(1);
        assertThat(count("select count(*) from monitored_file")).isEqualTo(1);
    }

    @Test
    void manyFilesAreTakenOnceAndUnchangedOnesCostNoWrites() throws Exception {
        IntStream.range(0, 1500).forEach(i -> put("many-" + i + ".csv", "content " + i));
        node("n1").objects.put(route("&stable=200ms"));
        nodes.get(0).start();
        await().atMost(Duration.ofSeconds(90)).until(() -> processed.size() == 1500);
        assertThat(processed).doesNotHaveDuplicates();
        await().atMost(LIMIT).until(() -> count("select count(*) from event") == 0);

        TimeUnit.SECONDS.sleep(2); // what is written later and in batches
        long written = writes();
        TimeUnit.SECONDS.sleep(3); // about 15 looks
        assertThat(writes() - written)
                .as("rows written in 15 looks at 1500 known files")
                .isZero();
    }

    /** Changes with every row that is written. */
    private static long writes() {
        return count("select (select coalesce(sum(xmin::text::bigint), 0) from monitored_file)"
                + " + (select coalesce(sum(xmin::text::bigint), 0) from transfer)"
                + " + (select coalesce(sum(xmin::text::bigint), 0) from event_history)");
    }

    private static LeaseView holder() {
        try (io.serai.cluster.lease.JdbcLeases leases =
                new io.serai.cluster.lease.JdbcLeases(DATABASE.database(), Duration.ofSeconds(5))) {
            return leases.list().stream()
                    .filter(lease -> lease.name().equals(new LeaseName("monitor", "inbox")))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private RunningNode node(String name) throws Exception {
        RunningNode node = new RunningNode(name, DATABASE.database(), folder, folder.resolve("area"));
        nodes.add(node);
        node.camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:probe").routeId("probe").process(exchange -> {
                    String file = exchange.getIn().getHeader(SeraiHeaders.FILE_NAME, String.class);
                    contents.put(
                            file,
                            new String(
                                    exchange.getIn().getBody(InputStream.class).readAllBytes(),
                                    StandardCharsets.UTF_8));
                    processed.add(exchange.getIn().getHeader(SeraiHeaders.TRANSFER_ID) + " "
                            + exchange.getIn().getHeader(SeraiHeaders.PATH));
                });
            }
        });
        return node;
    }

    private Route route(String options) {
        return new Route(
                new RouteId("inbox"),
                Route.Dsl.YAML,
                yaml("folder:" + inbox + "?every=200ms"
                        + (options.contains("stable=") ? options : options + "&stable=300ms")));
    }

    private static String yaml(String uri) {
        return """
                - route:
                    id: inbox
                    from:
                      uri: "%s"
                      steps:
                        - to: direct:probe
                """.formatted(uri);
    }

    /** As a careful program does it: under another name first. */
    private void put(String name, String content) {
        try {
            Path file = inbox.resolve(name);
            Files.createDirectories(file.getParent());
            Path temporary = Files.writeString(folder.resolve("temporary"), content);
            Files.setLastModifiedTime(temporary, FileTime.from(Instant.now().minusSeconds(60 - content.length())));
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void execute(String sql) {
        DATABASE.database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    private static long count(String sql) {
        return DATABASE.database().read(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(sql)) {
                row.next();
                return row.getLong(1);
            }
        });
    }
}
