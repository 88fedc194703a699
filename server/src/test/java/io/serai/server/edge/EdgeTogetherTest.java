package io.serai.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.edge.EdgeFiles;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.NodeName;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.Zone;
import io.serai.config.secret.SecretBox;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.message.EdgeMessages.EdgeState.Routes;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesOutcome;
import io.serai.edge.message.FileMessages.FilesState;
import io.serai.edge.message.FileMessages.FilesState.Takes;
import io.serai.edge.message.FileMessages.FilesVersion;
import io.serai.edge.message.RouteFiles;
import io.serai.edge.relay.EdgeAlarms;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.server.metrics.EdgeConductMeters;
import io.serai.server.metrics.EdgeMeters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What servers know of edges by the database, without any edge. */
class EdgeTogetherTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private static final ZoneName DMZ = new ZoneName("dmz");
    private static final EdgeName ONE = new EdgeName("edge1");
    private static final EdgeName TWO = new EdgeName("edge2");
    private static final String PIN = "0123456789abcdef".repeat(4);
    private static final NodeName SELF = new NodeName("one");
    private static final LinkIdentity KEY = LinkIdentity.make(LinkRole.SERVER, "one", InstantSource.system());

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private final EdgeAlarms alarms = new EdgeAlarms() {
        @Override
        public void violated(String edge) {}

        @Override
        public void refused(String edge, String limit) {
            refused.add(edge + " " + limit);
        }
    };
    private JdbcObjectStore objects;

    @BeforeEach
    void start() {
        DATABASE.truncate(
                "config_object", "config_history", "server_link", "edge_files", "edge_files_at", "edge_drain");
        objects = new JdbcObjectStore(
                DATABASE.database(),
                new ObjectJson(SecretBox.openOrCreate(folder.resolve("secrets.key"))),
                object -> Set.of());
        objects.start();
        open.add(objects::close);
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private EdgeTogether together() {
        return new EdgeTogether(DATABASE.database(), SELF, () -> new FencingToken(SELF, 1), alarms);
    }

    private EdgeLinks links(Supplier<LinkIdentity> key) {
        return links(key, zone -> {
            throw new IllegalStateException("no edge has a key here");
        });
    }

    private EdgeLinks links(Supplier<LinkIdentity> key, Function<ZoneName, ZoneDesk> desks) {
        EdgeLinks links = new EdgeLinks(new EdgeLinks.Ground(
                objects,
                objects::revision,
                together(),
                SELF,
                key,
                "serai test",
                LinkSettings.standard(),
                List.of(),
                desks));
        open.add(links);
        return links;
    }

    private static Zone zone(Set<String> pins, EdgeName... edges) {
        return new Zone(
                DMZ,
                "",
                java.util.Arrays.stream(edges)
                        .map(edge -> new Zone.Edge(
                                edge, List.of(new HostPort("127.0.0.1", 1)), pins, Optional.empty(), Optional.empty()))
                        .toList(),
                List.of(),
                new Zone.Outbound(false, false, Zone.WhenDown.REFUSE),
                Zone.OwnRoutes.ALLOWED);
    }

    private static RouteFiles files(int port, String more) {
        return new RouteFiles(Map.of("a.yaml", """
                        - route:
                            id: a
                            from:
                              uri: http-server:a
                              parameters:
                                port: %d
                                %s
                              steps:
                                - to: relay:internal
                        """.formatted(port, more)));
    }

    private static FilesAnswer says(EdgeTogether together, EdgeName edge, FilesVersion base, RouteFiles files) {
        return together.compare(DMZ, edge, new FilesState(base, files.digest(), Takes.AT_ONCE, "", files));
    }

    private static EdgeFiles.At at(EdgeTogether together, EdgeName edge) {
        return together.files().list().stream()
                .filter(each -> each.edge().equals(edge))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aDrainedEdgeIsKnownFromTheFirstMoment() {
        together().drain(ONE, "ada");
        assertThat(together().drains().edges()).containsKey(ONE);
    }

    @Test
    void filesThatCouldMakeAnythingAtAnotherEdgeAreNoVersion() {
        EdgeTogether together = together();
        RouteFiles evil = files(1, "hostNames: \"%23class:java.net.Socket('10.0.0.5',5432)\"");
        assertThat(says(together, ONE, FilesVersion.NONE, evil).outcome()).isEqualTo(FilesOutcome.STAY);
        assertThat(at(together, ONE).state()).isEqualTo(EdgeFiles.State.BROKEN);
        assertThat(at(together, ONE).problem()).contains("a.yaml:7:", "expected host names");
        assertThat(together.files().newest(DMZ)).isEmpty();
    }

    @Test
    void anEdgeThatChangesItsFilesTooOftenWaitsForAnOperator() {
        Logger logger = (Logger) LoggerFactory.getLogger(EdgeTogether.class);
        ListAppender<ILoggingEvent> warnings = new ListAppender<>();
        warnings.start();
        logger.addAppender(warnings);
        open.add(() -> logger.detachAppender(warnings));
        EdgeTogether together = together();
        FilesVersion base = FilesVersion.NONE;
        for (int i = 1; i <= EdgeFiles.AUTOMATIC_AN_HOUR; i++) {
            FilesAnswer answer = says(together, ONE, base, files(i, ""));
            assertThat(answer.outcome()).isEqualTo(FilesOutcome.SAME);
            base = answer.version();
        }
        assertThat(refused).isEmpty();
        for (int i = 0; i < 3; i++) {
            assertThat(says(together, ONE, base, files(100, "")).outcome()).isEqualTo(FilesOutcome.STAY);
        }
        assertThat(refused).containsExactly("edge1 route-file-versions");
        assertThat(says(together, ONE, base, files(101, "")).outcome()).isEqualTo(FilesOutcome.STAY);
        assertThat(says(together, ONE, base, files(100, "")).outcome()).isEqualTo(FilesOutcome.STAY);
        assertThat(refused).as("each is counted").hasSize(3);
        assertThat(warnings.list).as("and one a minute is logged").hasSize(1);
        assertThat(at(together, ONE).state()).isEqualTo(EdgeFiles.State.CHANGED);
        assertThat(together.files().newest(DMZ).orElseThrow().number()).isEqualTo(EdgeFiles.AUTOMATIC_AN_HOUR);
        assertThat(says(together, TWO, base, files(200, "")).outcome())
                .as("each edge has its own")
                .isEqualTo(FilesOutcome.SAME);
        assertThat(together.files().take(ONE, "ada").number()).isEqualTo(EdgeFiles.AUTOMATIC_AN_HOUR + 2);
        assertThat(says(together, ONE, base, files(100, "")).outcome()).isEqualTo(FilesOutcome.SAME);
    }

    private static boolean isNews(EdgeTogether together, EdgeName edge, FilesVersion base, RouteFiles files) {
        FilesState state = new FilesState(base, files.digest(), Takes.AT_ONCE, "", files);
        return together.isNews(DMZ, state, together.compare(DMZ, edge, state));
    }

    @Test
    void edgesAreRemindedOnceOfEachVersionWhateverAnEdgeSays() {
        EdgeTogether together = together();
        assertThat(isNews(together, ONE, FilesVersion.NONE, files(1, ""))).isTrue();
        for (int i = 0; i < 3; i++) {
            assertThat(isNews(together, ONE, FilesVersion.NONE, files(1, "")))
                    .as("one that forgets its version")
                    .isFalse();
        }
        assertThat(isNews(together, TWO, FilesVersion.NONE, files(2, "")))
                .as("a conflict")
                .isFalse();
        FilesVersion first = new FilesVersion(1, files(1, "").digest());
        assertThat(isNews(together, ONE, first, files(3, ""))).isTrue();
        assertThat(isNews(together, TWO, first, files(1, "")))
                .as("one that is behind")
                .isFalse();
    }

    @Test
    void edgesAreDialledOnceWhatKeptThemAwayIsOver() {
        AtomicInteger asked = new AtomicInteger();
        EdgeLinks links = links(
                () -> {
                    if (asked.incrementAndGet() < 4) {
                        throw new SeraiException(ErrorCode.DATABASE_DOWN, "The database does not answer");
                    }
                    return KEY;
                },
                zone -> Nobody.DESK);
        links.start();
        var unused = objects.change(List.of(zone(Set.of(PIN), ONE)), List.of(), "ada");
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(links.edge(ONE).standing().failure()).isNotEmpty());
        assertThat(links.servers().pins()).hasSize(1);
    }

    /** What this process waits on: each event loop has one. */
    private static long pollers() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(EdgeTogetherTest::isPoller).count();
        }
    }

    private static boolean isPoller(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().contains("[eventpoll]");
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    @Test
    void aServerWhoseKeyCannotBeOpenedKeepsNothingOpenHoweverOftenItTries() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        AtomicReference<String> wrong = new AtomicReference<>("The file link.pem is open to other users");
        EdgeLinks links = links(
                () -> {
                    asked.incrementAndGet();
                    if (wrong.get() != null) {
                        throw new SeraiException(ErrorCode.INVALID, wrong.get());
                    }
                    return KEY;
                },
                zone -> Nobody.DESK);
        links.start();
        long before = pollers();
        for (int i = 1; i <= 20; i++) {
            int tried = asked.get();
            Zone next = zone(Set.of(PIN), ONE, new EdgeName("more-" + i));
            var unused = objects.change(List.of(next), List.of(), "ada");
            // The key of this server for the edges, and one for each link.
            await().atMost(Duration.ofSeconds(30)).until(() -> asked.get() >= tried + 3);
        }
        assertThat(links.edge(ONE).link()).isEmpty();
        assertThat(pollers()).isEqualTo(before);

        wrong.set(null);
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(links.edge(ONE).standing().failure()).isNotEmpty());
        assertThat(pollers()).as("one set of loops for all links").isEqualTo(before + 2);
        links.close();
        await().atMost(Duration.ofSeconds(30)).until(() -> pollers() == before);
    }

    @Test
    void whatIsKnownOfAnEdgesFilesGoesWithThem() {
        EdgeTogether together = together();
        together.follow(List.of(zone(Set.of("ab"), ONE, TWO)));
        FilesAnswer one = says(together, ONE, FilesVersion.NONE, files(1, ""));
        together.hears(ONE, Routes.OWN);
        assertThat(says(together, TWO, FilesVersion.NONE, files(2, "")).outcome())
                .isEqualTo(FilesOutcome.CONFLICT);
        together.hears(ONE, Routes.OF_SERVERS);
        assertThat(together.files().list()).extracting(EdgeFiles.At::edge).containsExactly(TWO);
        together.hears(ONE, Routes.OWN);
        assertThat(says(together, ONE, one.version(), files(1, "")).outcome()).isEqualTo(FilesOutcome.SAME);
        together.hears(ONE, Routes.OF_SERVERS);
        assertThat(together.files().list()).extracting(EdgeFiles.At::edge).containsExactly(TWO);
        together.follow(List.of(zone(Set.of(), TWO)));
        assertThat(together.files().list()).as("an edge without a key").isEmpty();
    }

    @Test
    void aServerWithoutEdgesNeedsNoKeyAndOneWithThemRecordsIt() {
        Supplier<LinkIdentity> broken = () -> {
            throw new SeraiException(ErrorCode.INVALID, "The file link.pem is open to other users");
        };
        EdgeLinks links = links(broken);
        links.start();
        assertThat(links.servers().pins()).isEmpty();
        var unused = objects.change(List.of(zone(Set.of(), ONE)), List.of(), "ada");
        assertThatThrownBy(links::identity).hasMessageContaining("open to other users");
        assertThatThrownBy(() -> links(broken)).hasMessageContaining("open to other users");

        AtomicInteger opened = new AtomicInteger();
        EdgeLinks other = links(() -> {
            opened.incrementAndGet();
            return KEY;
        });
        assertThat(other.servers().pins()).hasSize(1);
        assertThat(other.identity()).isSameAs(KEY);
        assertThat(opened).hasValue(1);
    }

    @Test
    void brokenRulesAreExportedAlsoAfterALookAtTheMetrics() {
        var unused = objects.change(List.of(zone(Set.of(), ONE)), List.of(), "ada");
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        EdgeMeters meters = EdgeMeters.register(registry, links(() -> KEY));
        meters.refresh();
        assertThat(registry.scrape()).contains("serai_edge_up{edge=\"edge1\",zone=\"dmz\"} 0");
        new EdgeConductMeters(registry).violated("edge1");
        meters.refresh();
        assertThat(registry.scrape()).contains("serai_edge_violations_total{edge=\"edge1\"} 1.0");
    }
}
