package io.serai.route.arrival;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.event.EventQueue.EventFilter;
import io.serai.cluster.event.EventQueue.EventView;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.SessionId;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import io.serai.route.EventContext;
import io.serai.route.RunningNode;
import io.serai.route.SeraiHeaders;
import io.serai.route.StoredFile;
import io.serai.route.TestAccounts;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.builder.RouteBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From a partner's upload through a YAML route, on a real database and real storage. */
class ArrivalRouteTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private RunningNode node;
    private SessionId acme;
    /** What arrived at {@code direct:probe}, by path. */
    private final Map<String, Seen> seen = new ConcurrentHashMap<>();

    private volatile Processor probe = exchange -> {};

    private record Seen(String sha256, Map<String, Object> headers, int attempt) {}

    @BeforeEach
    void startNode() throws Exception {
        DATABASE.truncate("event", "event_attempt", "event_history", "transfer", "node");
        node = new RunningNode(DATABASE.database(), folder, folder.resolve("area"));
        node.objects.put(
                TestAccounts.named("acme").build(), TestAccounts.named("other").build());
        node.camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:probe").routeId("probe").process(exchange -> {
                    probe.process(exchange);
                    Seen arrived = new Seen(
                            sha256(exchange.getIn().getBody(InputStream.class)),
                            Map.copyOf(exchange.getIn().getHeaders()),
                            exchange.getIn().getHeader(SeraiHeaders.ATTEMPT, Integer.class));
                    seen.put(exchange.getIn().getHeader(SeraiHeaders.PATH, String.class), arrived);
                });
            }
        });
    }

    @AfterEach
    void stopNode() {
        node.close();
    }

    private void start(Route... routes) {
        node.objects.put(routes);
        node.start();
        assertThat(node.deployer.problems()).isEmpty();
        acme = node.session("acme");
    }

    static Route yaml(String id, String source) {
        return new Route(new RouteId(id), Route.Dsl.YAML, source);
    }

    private static Route toProbe(String id, String from) {
        return yaml(id, """
                - route:
                    id: %s
                    from:
                      uri: %s
                      steps:
                        - to: direct:probe
                """.formatted(id, from));
    }

    static String sha256(InputStream in) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        byte[] block = new byte[1 << 16];
        try (in) {
            for (int count = in.read(block); count >= 0; count = in.read(block)) {
                digest.update(block, 0, count);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private List<EventView> live() {
        return node.queue.find(
                new EventFilter(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), 100));
    }

    private void awaitNoLiveEvents() {
        await().atMost(Duration.ofSeconds(20)).until(() -> live().isEmpty());
    }

    @Test
    void runsTheRouteOnTheBytesThatArrived() {
        probe = exchange -> assertThat(exchange.getIn().getBody()).isInstanceOf(StoredFile.class);
        start(toProbe("acme-orders", "\"arrival:acme/outbox?include=*.csv\""));

        UploadReceipt receipt = node.put(acme, "/outbox/a.csv", bytes("one,two"));
        node.put(acme, "/outbox/ignored.txt", bytes("x"));
        node.put(acme, "/inbox/elsewhere.csv", bytes("x"));

        awaitNoLiveEvents();
        assertThat(seen).containsOnlyKeys("/outbox/a.csv");
        Seen arrived = seen.get("/outbox/a.csv");
        assertThat(arrived.sha256()).isEqualTo(receipt.sha256());
        assertThat(arrived.headers())
                .containsEntry(SeraiHeaders.ACCOUNT, "acme")
                .containsEntry(SeraiHeaders.TRANSFER_ID, receipt.transfer().toString())
                .containsEntry(SeraiHeaders.SIZE, 7L)
                .containsEntry(Exchange.FILE_NAME, "a.csv");
    }

    @Test
    void overwritingTheVisibleFileChangesNothingForItsEvent() {
        CountDownLatch overwritten = new CountDownLatch(1);
        probe = exchange -> {
            if (exchange.getIn().getHeader(SeraiHeaders.SIZE, Long.class) == 5L) {
                overwritten.await(10, TimeUnit.SECONDS);
            }
        };
        start(toProbe("keep", "arrival:acme/outbox"));
        Map<String, String> sums = new ConcurrentHashMap<>();

        UploadReceipt first = node.put(acme, "/outbox/f", bytes("first"));
        probe = exchange -> {
            overwritten.await(10, TimeUnit.SECONDS);
            sums.put(
                    exchange.getIn().getHeader(SeraiHeaders.TRANSFER_ID, String.class),
                    sha256(exchange.getIn().getBody(InputStream.class)));
        };
        UploadReceipt second = node.put(acme, "/outbox/f", bytes("the second"));
        overwritten.countDown();

        awaitNoLiveEvents();
        assertThat(second.sha256()).isNotEqualTo(first.sha256());
        sums.forEach((transfer, sum) -> assertThat(sum)
                .isEqualTo(transfer.equals(first.transfer().toString()) ? first.sha256() : second.sha256()));
    }

    @Test
    void triesAgainAndParksWithReasonAndStep() {
        AtomicInteger attempts = new AtomicInteger();
        probe = exchange -> {
            attempts.incrementAndGet();
            throw new IllegalStateException("no luck");
        };
        start(toProbe("failing", "arrival:acme/outbox"));

        node.put(acme, "/outbox/x", bytes("x"));

        await().atMost(Duration.ofSeconds(20))
                .until(() -> live().stream().anyMatch(event -> event.state().equals("parked")));
        EventView parked = node.queue.get(live().get(0).id()).orElseThrow();
        assertThat(attempts).hasValue(3);
        assertThat(parked.error()).hasValueSatisfying(error -> assertThat(error).contains("no luck"));
        assertThat(parked.step()).hasValueSatisfying(step -> assertThat(step).startsWith("probe/"));
        assertThat(parked.history()).hasSize(3);

        probe = exchange -> {};
        node.queue.retryNow(parked.id());
        awaitNoLiveEvents();
        assertThat(seen.get("/outbox/x").attempt()).isEqualTo(4);
    }

    @Test
    void parksAtOnceWhatNoRetryCanMend() {
        probe = exchange -> {
            throw new SeraiException(ErrorCode.SITE_LOGIN_REFUSED, "wrong password");
        };
        start(toProbe("refused", "arrival:acme/outbox"));

        node.put(acme, "/outbox/x", bytes("x"));

        await().atMost(Duration.ofSeconds(20))
                .until(() -> live().stream().anyMatch(event -> event.state().equals("parked")));
        assertThat(live().get(0).attempts()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzipDeflater", "csv", "zipFile", "json"})
    void parksAtOnceContentThatAStepCannotRead(String format) throws Exception {
        start(yaml("unreadable", """
                - route:
                    id: unreadable
                    from:
                      uri: arrival:acme/outbox
                      steps:
                        - unmarshal:
                            %s: {}
                        - to: direct:probe
                """.formatted(format)));
        ByteArrayOutputStream cut = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(cut)) {
            gzip.write(bytes("some text that is cut off on its way"));
        }
        byte[] content = format.equals("gzipDeflater")
                ? Arrays.copyOf(cut.toByteArray(), cut.size() - 20)
                : bytes(format.equals("csv") ? "\"quoted\" and not" : "{ \"this is\", \"none of it");

        node.put(acme, "/outbox/x", content);

        await().atMost(Duration.ofSeconds(20))
                .until(() -> live().stream().anyMatch(event -> event.state().equals("parked")));
        assertThat(live().get(0).error())
                .hasValueSatisfying(error -> assertThat(error).startsWith("REJECTED_CONTENT"));
        assertThat(live().get(0).attempts()).isEqualTo(1);
        assertThat(seen).isEmpty();
    }

    @Test
    void stopsARunningEventWhenItIsCancelled() {
        CountDownLatch running = new CountDownLatch(1);
        AtomicBoolean told = new AtomicBoolean();
        probe = exchange -> {
            try (EventContext.Registration ignored =
                    EventContext.require(exchange).onCancel(() -> told.set(true))) {
                running.countDown();
                new CountDownLatch(1).await();
            }
        };
        start(toProbe("endless", "arrival:acme/outbox"));
        node.put(acme, "/outbox/x", bytes("x"));
        await().until(() -> running.getCount() == 0);

        var id = live().get(0).id();
        node.queue.cancel(id, "operator");

        awaitNoLiveEvents();
        assertThat(told).isTrue();
        assertThat(node.queue.get(id).orElseThrow().state()).isEqualTo("cancelled");
        await().until(() -> node.dispatcher.running() == 0);
    }

    @Test
    void oneAccountsCrowdDoesNotHoldUpAnothersFile() {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger crowd = new AtomicInteger();
        probe = exchange -> {
            if (exchange.getIn().getHeader(SeraiHeaders.ACCOUNT).equals("acme")) {
                gate.await(20, TimeUnit.SECONDS);
                new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
                crowd.incrementAndGet();
            }
        };
        start(toProbe("everyone", "\"arrival:*/outbox?maxInFlight=2\""));
        for (int i = 0; i < 200; i++) {
            node.put(acme, "/outbox/crowd" + i, bytes("x"));
        }
        node.put(node.session("other"), "/outbox/alone", bytes("x"));
        gate.countDown();

        await().atMost(Duration.ofSeconds(10)).until(() -> seen.containsKey("/outbox/alone"));
        assertThat(crowd.get()).isLessThan(30);
        awaitNoLiveEvents();
        assertThat(seen).hasSize(201);
    }

    @Test
    void givesRunningEventsBackWhenTheNodeGoesDown() {
        CountDownLatch running = new CountDownLatch(1);
        probe = exchange -> {
            running.countDown();
            new CountDownLatch(1).await();
        };
        start(toProbe("slow", "arrival:acme/outbox"));
        node.put(acme, "/outbox/x", bytes("x"));
        await().until(() -> running.getCount() == 0);

        assertThat(node.dispatcher.drain(Duration.ofMillis(100))).isFalse();

        assertThat(live()).singleElement().satisfies(event -> {
            assertThat(event.state()).isEqualTo("ready");
            assertThat(event.attempts()).isZero();
        });
    }

    @Test
    void namesThatLookLikeExpressionsAreInert() throws Exception {
        Path area = folder.resolve("area");
        start(yaml("to-disk", """
                - route:
                    id: to-disk
                    from:
                      uri: arrival:acme/outbox
                      steps:
                        - setHeader: { name: copied, simple: "${header.CamelFileName}" }
                        - to: file:%s
                        - to: direct:probe
                """.formatted(area)));
        List<String> names = List.of(
                "${bean:sessions?method=endAll}",
                "$simple{sys.user.home}",
                "$simple{exchange.context.stop}",
                "a?b&c=d",
                "{{env:HOME}}",
                "file name",
                "-rf",
                "%2e%2e");
        for (String name : names) {
            node.put(acme, "/outbox/" + name, bytes(name));
        }

        awaitNoLiveEvents();
        for (String name : names) {
            assertThat(area.resolve(name)).hasContent(name);
            assertThat(seen.get("/outbox/" + name).headers()).containsEntry("copied", name);
        }
        assertThat(node.sessions.list()).isNotEmpty();
        assertThat(node.camel.isStarted()).isTrue();
        try (var files = Files.list(area)) {
            assertThat(files.count()).isEqualTo(names.size());
        }
    }

    @Test
    void packsALargeFileWithoutFillingTheHeap() throws Exception {
        long size = 300L << 20;
        AtomicBoolean spooled = new AtomicBoolean();
        probe = exchange -> {
            spooled.set(true);
            exchange.getIn().setBody(new GZIPInputStream(exchange.getIn().getBody(InputStream.class)));
        };
        start(yaml("pack", """
                - route:
                    id: pack
                    from:
                      uri: arrival:acme/outbox
                      steps:
                        - marshal:
                            gzipDeflater: {}
                        - to: direct:probe
                """));
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        SplittableRandom random = new SplittableRandom(7);
        byte[] block = new byte[1 << 20];
        try (UploadChannel channel = node.upload(acme, "/outbox/large")) {
            for (long at = 0; at < size; at += block.length) {
                random.nextBytes(block);
                digest.update(block);
                channel.write(ByteBuffer.wrap(block), at);
            }
            channel.commit();
        }
        Instant begun = Instant.now();

        await().atMost(Duration.ofMinutes(2)).until(() -> live().isEmpty());

        assertThat(seen.get("/outbox/large").sha256()).isEqualTo(HexFormat.of().formatHex(digest.digest()));
        assertThat(spooled).isTrue();
        System.out.println("300 MiB gzip in " + Duration.between(begun, Instant.now()));
        Path spool = folder.resolve("spool-n1");
        await().untilAsserted(() -> {
            try (var left = Files.walk(spool)) {
                assertThat(left.filter(Files::isRegularFile)).isEmpty();
            }
        });
    }

    @Test
    void javaRoutesRunLikeYamlRoutes() {
        start(new Route(new RouteId("java-orders"), Route.Dsl.JAVA, """
                import org.apache.camel.builder.RouteBuilder;

                public class JavaOrders extends RouteBuilder {
                    @Override
                    public void configure() {
                        from("arrival:acme/outbox").routeId("java-orders").to("direct:probe");
                    }
                }
                """));

        UploadReceipt receipt = node.put(acme, "/outbox/j", bytes("java"));

        awaitNoLiveEvents();
        assertThat(seen.get("/outbox/j").sha256()).isEqualTo(receipt.sha256());
    }

    @Test
    void aReplacedRouteFinishesWhatItHasBegun() {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        probe = exchange -> {
            running.countDown();
            gate.await(10, TimeUnit.SECONDS);
        };
        start(toProbe("swap", "arrival:acme/outbox"));
        node.put(acme, "/outbox/before", bytes("x"));
        await().until(() -> running.getCount() == 0);

        node.objects.put(toProbe("swap", "\"arrival:acme/outbox?maxInFlight=1\""));
        gate.countDown();
        await().until(() -> node.deployer.deployed().get(0).source().contains("maxInFlight"));
        node.put(acme, "/outbox/after", bytes("x"));

        awaitNoLiveEvents();
        assertThat(seen.get("/outbox/before").attempt()).isEqualTo(1);
        assertThat(seen).containsKey("/outbox/after");
        node.objects.delete(ObjectKind.ROUTE, "swap");
        await().until(() -> node.deployer.deployed().isEmpty());
        node.put(acme, "/outbox/nobody", bytes("x"));
        assertThat(live()).isEmpty();
    }
}
