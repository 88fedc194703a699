package io.serai.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.edge.EdgeFiles;
import io.serai.cluster.edge.LinkPins;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.NodeName;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.config.secret.SecretBox;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkListener;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.main.Edge;
import io.serai.edge.main.EdgeSettings;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.FileMessages.FilesState.Takes;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.relay.EdgeAlarms;
import io.serai.edge.tcp.PassThroughService;
import io.serai.edge.tcp.StreamSwitch;
import io.serai.edge.tcp.TcpLimits;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.endpoint.sftp.HostKeys;
import io.serai.server.edge.EdgeEnrolments.Former;
import io.serai.server.edge.EdgeEnrolments.State;
import io.serai.server.edge.EdgeEnrolments.Wish;
import io.serai.server.edge.EdgeLinks.EdgeView;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Servers' links and a real edge on loopback, over a real database. */
@Timeout(120)
class EdgesTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final ZoneName DMZ = new ZoneName("dmz");
    private static final EdgeName EDGE = new EdgeName("edge1");
    private static final LinkSettings QUICK = LinkSettings.standard()
            .with(new LinkSettings.Connections(
                    1,
                    1,
                    4,
                    Duration.ofSeconds(5),
                    Duration.ofMillis(50),
                    Duration.ofMillis(300),
                    Duration.ofHours(24),
                    1L << 40));

    /** Host keys cost seconds of CPU; one set serves all tests. */
    private static List<IdentityFile> identity;

    @TempDir
    static Path keys;

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private JdbcObjectStore objects;
    private int link;

    /** Serves no partners. */
    private static final class Nobody implements LinkHandler, LinkListener {
        @Override
        public void request(Link from, IncomingRequest request) {
            request.reply(Status.UNAVAILABLE, new Failure("nobody serves here", 0).encode());
        }

        @Override
        public void stream(Link from, LinkStream stream, int method, byte[] payload) {
            stream.result(Status.UNAVAILABLE, new Failure("nobody serves here", 0).encode());
        }

        @Override
        public void event(Link from, int kind, byte[] payload) {}

        @Override
        public void up(Link now) {}

        @Override
        public void changed(Link now) {}

        @Override
        public void lost(Link now, String why) {}

        @Override
        public void violation(String peer, String what) {}
    }

    @BeforeAll
    static void makeKeys() throws IOException {
        var made = HostKeys.inFolder(keys);
        identity = new ArrayList<>();
        try (Stream<Path> files = Files.list(keys)) {
            for (Path file : files.sorted().toList()) {
                identity.add(new IdentityFile(String.valueOf(file.getFileName()), Files.readString(file)));
            }
        }
    }

    @BeforeEach
    void start() throws IOException {
        DATABASE.truncate(
                "config_object", "config_history", "server_link", "edge_files", "edge_files_at", "edge_drain");
        objects = new JdbcObjectStore(
                DATABASE.database(),
                new ObjectJson(SecretBox.openOrCreate(folder.resolve("secrets.key"))),
                object -> Set.of());
        objects.start();
        open.add(objects::close);
        link = freePort();
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private EdgeLinks server(String name) {
        Nobody nobody = new Nobody();
        return server(name, nobody);
    }

    private EdgeLinks server(String name, LinkHandler handler) {
        LinkIdentity key = LinkIdentity.make(LinkRole.SERVER, name, InstantSource.system());
        Nobody nobody = new Nobody();
        EdgeLinks links = new EdgeLinks(new EdgeLinks.Ground(
                objects,
                objects::revision,
                new EdgeTogether(
                        DATABASE.database(),
                        new NodeName(name),
                        () -> new FencingToken(new NodeName(name), 1),
                        EdgeAlarms.NONE),
                new NodeName(name),
                () -> key,
                "serai test",
                QUICK,
                identity,
                zone -> new ZoneDesk(handler, nobody)));
        links.start();
        open.add(links);
        return links;
    }

    private EdgeEnrolments enrolments(EdgeLinks links) {
        EdgeEnrolments enrolments =
                new EdgeEnrolments(links, objects, objects::replace, InstantSource.system(), Duration.ofMillis(100));
        open.add(enrolments);
        return enrolments;
    }

    private static Zone zone(int linkPort, int... sftpPorts) {
        List<Zone.Listener> listeners = new ArrayList<>();
        for (int port : sftpPorts) {
            listeners.add(new Zone.Listener(
                    "sftp-" + listeners.size(),
                    Protocol.SFTP,
                    "127.0.0.1",
                    port,
                    Site.TlsMode.EXPLICIT,
                    Optional.empty(),
                    OptionalInt.of(50),
                    List.of(),
                    Zone.Admission.EVERYWHERE));
        }
        return new Zone(
                DMZ,
                "",
                List.of(new Zone.Edge(
                        EDGE,
                        List.of(new HostPort("127.0.0.1", linkPort)),
                        Set.of(),
                        Optional.empty(),
                        Optional.empty())),
                listeners,
                new Zone.Outbound(false, false, Zone.WhenDown.REFUSE));
    }

    private static Zone withOwnRoutes(Zone zone) {
        return new Zone(
                zone.name(),
                zone.description(),
                zone.edges(),
                zone.listeners(),
                zone.outbound(),
                Zone.OwnRoutes.ALLOWED);
    }

    /** Changes the zone but leaves the keys of its edge. */
    private void change(Zone zone) {
        Zone now = objects.find(Zone.class, "dmz").orElseThrow();
        Zone.Edge edge = zone.edges().get(0);
        put(zone.with(edge.withPins(now.edge(EDGE).orElseThrow().pins())));
    }

    private void put(Zone zone) {
        var unused = objects.change(List.of(zone), List.of(), "ada");
    }

    private EdgeSettings settings() {
        return new EdgeSettings(folder.resolve("edge"), new InetSocketAddress(InetAddress.getLoopbackAddress(), link));
    }

    private Edge edge(Optional<String> code) throws Exception {
        Edge edge = CompletableFuture.supplyAsync(() -> {
                    try {
                        return Edge.start(settings(), code.map(EnrolmentCode::parse), "serai-edge test");
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .get(60, TimeUnit.SECONDS);
        open.add(edge);
        return edge;
    }

    private static Wish wish(Former former) {
        return new Wish(EDGE, Optional.empty(), List.of(), Duration.ofMinutes(5), former);
    }

    private Edge enrolled(EdgeLinks links) throws Exception {
        String code = enrolments(links).begin(wish(Former.KEEP), "ada").code();
        return edge(Optional.of(code));
    }

    private static EdgeView view(EdgeLinks links) {
        return links.edges().get(0);
    }

    private static void awaitUpAndInForce(EdgeLinks links) {
        await().atMost(SOON)
                .until(() -> view(links).link().isPresent()
                        && view(links).standing().state().isPresent()
                        && !view(links).standing().drifts());
    }

    private static boolean speaksSsh(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
            socket.setSoTimeout(5_000);
            return new String(socket.getInputStream().readNBytes(8), StandardCharsets.US_ASCII).equals("SSH-2.0-");
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aMachineBecomesAnEdgeByACodeAloneAndOffersWhatItsZoneSays() throws Exception {
        int port = freePort();
        put(zone(link, port));
        EdgeLinks links = server("one");
        assertThat(view(links).link()).isEmpty();
        EdgeEnrolments enrolments = enrolments(links);
        String code = enrolments.begin(wish(Former.KEEP), "ada").code();
        Edge edge = edge(Optional.of(code));

        awaitUpAndInForce(links);
        assertThat(edge.listeners().bound())
                .singleElement()
                .satisfies(listener -> assertThat(listener.address().getPort()).isEqualTo(port));
        assertThat(speaksSsh(port)).isTrue();
        assertThat(enrolments.list())
                .singleElement()
                .satisfies(view -> assertThat(view.state()).isEqualTo(State.ENROLLED));
        assertThat(objects.find(Zone.class, "dmz")
                        .orElseThrow()
                        .edge(EDGE)
                        .orElseThrow()
                        .pins())
                .containsExactly(view(links).link().orElseThrow().peer().pin().hex());
        assertThatThrownBy(() -> enrolments.begin(wish(Former.KEEP), "ada"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("enrolled already");
    }

    @Test
    void changesOfAZoneTakeEffectWithoutARestart() throws Exception {
        int first = freePort();
        put(zone(link, first));
        EdgeLinks links = server("one");
        var edge = enrolled(links);
        awaitUpAndInForce(links);
        assertThat(speaksSsh(first)).isTrue();

        int second = freePort();
        change(zone(link, first, second));
        await().atMost(SOON).until(() -> speaksSsh(second));
        assertThat(speaksSsh(first)).isTrue();

        change(zone(link));
        await().atMost(SOON).until(() -> !speaksSsh(first) && !speaksSsh(second));
        assertThat(view(links).link()).isPresent();

        var unused = objects.change(List.of(), List.of(new Key(ObjectKind.ZONE, "dmz")), "ada");
        await().atMost(SOON).until(() -> links.links(DMZ).isEmpty());
        put(zone(link, first));
        assertThat(view(links).edge().pins()).isEmpty();
    }

    @Test
    void aListenerThatCannotOpenIsSaidAndTriedAgain() throws Exception {
        EdgeLinks links;
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            put(zone(link, port));
            links = server("one");
            var edge = enrolled(links);
            await().atMost(SOON)
                    .until(() -> view(links)
                            .standing()
                            .state()
                            .filter(state -> state.problem().contains("sftp-0"))
                            .isPresent());
            assertThat(view(links).standing().drifts()).isTrue();
            assertThat(EdgeRows.row(view(links))).containsEntry("drift", true);
        }
        int port = view(links).zone().listeners().get(0).port();
        await().atMost(SOON).until(() -> speaksSsh(port));
        await().atMost(SOON)
                .until(() ->
                        view(links).standing().state().orElseThrow().problem().isEmpty());
    }

    @Test
    void anEdgeLearnsOfOtherServersAndForgetsThoseThatAreRemoved() throws Exception {
        put(zone(link));
        EdgeLinks one = server("one");
        var edge = enrolled(one);
        awaitUpAndInForce(one);

        EdgeLinks two = server("two");
        awaitUpAndInForce(two);
        assertThat(view(one).link()).isPresent();

        DATABASE.database().execute(connection -> LinkPins.forget(connection, new NodeName("two")));
        await().atMost(SOON).until(() -> view(two).link().isEmpty());
        await().during(Duration.ofSeconds(1))
                .atMost(SOON)
                .until(() -> view(two).link().isEmpty());
        assertThat(view(one).link()).isPresent();
    }

    @Test
    void anEdgeWhoseKeyIsRemovedIsLeft() throws Exception {
        put(zone(link));
        EdgeLinks links = server("one");
        var edge = enrolled(links);
        awaitUpAndInForce(links);
        put(zone(link));
        await().atMost(SOON).until(() -> view(links).link().isEmpty());
        await().during(Duration.ofSeconds(1))
                .atMost(SOON)
                .until(() -> links.links(DMZ).isEmpty());
    }

    @Test
    void anEdgeThatComesBackHasItsListenersAgainAndNothingElseOnItsDisk() throws Exception {
        int port = freePort();
        put(zone(link, port));
        EdgeLinks links = server("one");
        Edge first = enrolled(links);
        awaitUpAndInForce(links);
        first.close();
        await().atMost(SOON).until(() -> !speaksSsh(port) && view(links).link().isEmpty());

        var again = edge(Optional.empty());
        awaitUpAndInForce(links);
        await().atMost(SOON).until(() -> speaksSsh(port));
        try (Stream<Path> files = Files.walk(folder.resolve("edge"))) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> folder.resolve("edge").relativize(file).toString()))
                    .containsExactlyInAnyOrder("keys/link.pem", "keys/servers");
        }
        String secret = identity.get(0).text().lines().skip(1).findFirst().orElseThrow();
        assertThat(Files.readString(folder.resolve("edge/keys/servers"))).doesNotContain(secret);
    }

    @Test
    void anEdgeWithoutACodeDoesNotStart() {
        assertThatThrownBy(() -> Edge.start(settings(), Optional.empty(), "test"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("not enrolled");
    }

    @Test
    void aCodeThatWasTakenBackEnrolsNobody() throws Exception {
        put(zone(link));
        EdgeLinks links = server("one");
        EdgeEnrolments enrolments = enrolments(links);
        String code = enrolments.begin(wish(Former.KEEP), "ada").code();
        enrolments.takeBack(EDGE);
        assertThatThrownBy(() -> enrolments.takeBack(EDGE)).isInstanceOf(SeraiException.class);
        CompletableFuture<Edge> waits = CompletableFuture.supplyAsync(() -> {
            try {
                return Edge.start(settings(), Optional.of(EnrolmentCode.parse(code)), "test");
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        await().during(Duration.ofSeconds(1))
                .atMost(SOON)
                .until(() -> !waits.isDone() && view(links).edge().pins().isEmpty());
        // A second code, and an edge that was started with the first: they do not find each other.
        var other = enrolments.begin(wish(Former.KEEP), "ada");
        await().atMost(SOON).until(() -> enrolments.list().get(0).state() == State.REFUSED);
        assertThat(view(links).edge().pins()).isEmpty();
        assertThat(waits).isNotDone();
    }

    private EdgeSettings ownRoutes(Path home, int port) throws IOException {
        Path routes = Files.createDirectories(home.resolve("routes"));
        return new EdgeSettings(
                home,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                Optional.of(new EdgeSettings.OwnRoutes(routes, Takes.AT_ONCE)),
                Optional.empty());
    }

    private static String route(int port) {
        return """
                - route:
                    id: partners
                    errorHandler:
                      noErrorHandler: {}
                    from:
                      uri: sftp-server:partners
                      parameters:
                        bindAddress: 127.0.0.1
                        port: %d
                        hostKeySet: "#bean:edgeHostKeys"
                      steps:
                        - to: relay:internal
                """.formatted(port);
    }

    private static EdgeFiles.State filesState(EdgeLinks links, String edge) {
        return links.together().files().list().stream()
                .filter(at -> at.edge().value().equals(edge))
                .map(EdgeFiles.At::state)
                .findFirst()
                .orElse(EdgeFiles.State.BEHIND);
    }

    /** How often the first edge has its files compared in two seconds. */
    private static int comparisons(EdgeLinks links) {
        Set<Instant> seen = new HashSet<>();
        await().pollInterval(Duration.ofMillis(10))
                .during(Duration.ofSeconds(2))
                .atMost(Duration.ofSeconds(20))
                .until(() -> {
                    seen.add(links.together().files().list().get(0).at());
                    return true;
                });
        return seen.size();
    }

    /** One machine stands for both edges, so the ports of the second are taken; that is said and nothing else suffers. */
    @Test
    void routeFilesOfOneEdgeGetToTheOtherAndNothingIsOverwrittenUnseen() throws Exception {
        int otherLink = freePort();
        Zone both = zone(link)
                .with(new Zone.Edge(
                        new EdgeName("edge2"),
                        List.of(new HostPort("127.0.0.1", otherLink)),
                        Set.of(),
                        Optional.empty(),
                        Optional.empty()));
        put(withOwnRoutes(both));
        EdgeLinks links = server("one");
        EdgeEnrolments enrolments = enrolments(links);
        List<Path> routes = new ArrayList<>();
        for (int i = 1; i <= 2; i++) {
            Path home = folder.resolve("own" + i);
            EdgeSettings settings = ownRoutes(home, i == 1 ? link : otherLink);
            String code = enrolments
                    .begin(
                            new Wish(
                                    new EdgeName("edge" + i),
                                    Optional.empty(),
                                    List.of(),
                                    Duration.ofMinutes(5),
                                    Former.KEEP),
                            "ada")
                    .code();
            open.add(CompletableFuture.supplyAsync(() -> {
                        try {
                            return Edge.start(settings, Optional.of(EnrolmentCode.parse(code)), "serai-edge test");
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    })
                    .get(60, TimeUnit.SECONDS));
            routes.add(home.resolve("routes"));
        }
        int port = freePort();
        Files.writeString(routes.get(0).resolve("partners.yaml"), route(port));
        await().atMost(SOON).until(() -> speaksSsh(port));
        await().atMost(SOON).until(() -> Files.exists(routes.get(1).resolve("partners.yaml")));
        assertThat(routes.get(1).resolve("partners.yaml")).hasContent(route(port));
        await().atMost(SOON).until(() -> filesState(links, "edge2") == EdgeFiles.State.SAME);

        Files.writeString(routes.get(0).resolve("partners.yaml"), route(port).replace("port: " + port, "prot: 1"));
        await().atMost(SOON).until(() -> filesState(links, "edge1") == EdgeFiles.State.BROKEN);
        assertThat(links.together().files().list().get(0).problem())
                .contains("partners.yaml:")
                .contains("prot");
        assertThat(speaksSsh(port)).as("the former one runs on").isTrue();
        assertThat(routes.get(1).resolve("partners.yaml")).hasContent(route(port));

        int second = freePort();
        Files.writeString(routes.get(1).resolve("partners.yaml"), route(second));
        await().atMost(SOON).until(() -> speaksSsh(second));
        Files.writeString(routes.get(0).resolve("partners.yaml"), route(port) + "# mine\n");
        await().atMost(SOON).until(() -> filesState(links, "edge1") == EdgeFiles.State.CONFLICT);
        assertThat(comparisons(links)).as("what cannot be settled waits").isLessThan(4);
        assertThat(routes.get(0).resolve("partners.yaml")).hasContent(route(port) + "# mine\n");
        var unused = links.together().files().take(new EdgeName("edge2"), "ada");
        links.remind();
        await().atMost(SOON)
                .until(() ->
                        Files.readString(routes.get(0).resolve("partners.yaml")).equals(route(second)));
        assertThat(folder.resolve("own1/sync/former/partners.yaml")).hasContent(route(port) + "# mine\n");
    }

    /** Sends back the first 64 bytes of each connection, one by one, behind its PROXY header. */
    private ServerSocket echo() throws IOException {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        open.add(socket);
        Thread echoing = new Thread(() -> {
            try (Socket client = socket.accept()) {
                var header = client.getInputStream().readNBytes(28);
                for (int i = 0; i < 64; i++) {
                    client.getOutputStream().write(client.getInputStream().readNBytes(1));
                }
            } catch (IOException e) {
                Thread.currentThread().interrupt();
            }
        });
        echoing.setDaemon(true);
        echoing.start();
        return socket;
    }

    private static boolean isCut(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(5_000);
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void aDrainWaitsForConnectionsThatArePassedThrough() throws Exception {
        int port = freePort();
        Zone plain = zone(link);
        put(new Zone(
                plain.name(),
                "",
                plain.edges(),
                List.of(new Zone.Listener(
                        "raw",
                        Protocol.SFTP,
                        Zone.Mode.TCP,
                        "127.0.0.1",
                        port,
                        Site.TlsMode.EXPLICIT,
                        Optional.empty(),
                        OptionalInt.empty(),
                        List.of(),
                        Zone.Admission.EVERYWHERE)),
                plain.outbound()));
        InetSocketAddress echo = (InetSocketAddress) echo().getLocalSocketAddress();
        TcpLimits limits = new TcpLimits(Duration.ofSeconds(5), Duration.ofMinutes(5), Duration.ofSeconds(5), 10);
        LinkTransport sockets = LinkTransport.start(QUICK, 1);
        open.add(sockets::close);
        EdgeLinks links = server(
                "one",
                new StreamSwitch(
                        Map.of(
                                Method.TCP_ACCEPTED,
                                new PassThroughService(
                                        sockets,
                                        (edge, accepted) -> Optional.of(new PassThroughService.Own(echo, edge)),
                                        limits)),
                        new Nobody()));
        var edge = enrolled(links);
        awaitUpAndInForce(links);
        try (Socket partner = new Socket(InetAddress.getLoopbackAddress(), port)) {
            partner.setSoTimeout(5_000);
            partner.getOutputStream().write(1);
            assertThat(partner.getInputStream().read()).isEqualTo(1);
            links.drain(EDGE, "ada");
            await().atMost(SOON).until(() -> EdgeRows.state(view(links)).equals("draining"));
            assertThat(isCut(port)).as("nobody new").isTrue();
            await().atMost(SOON)
                    .until(() -> view(links).standing().state().orElseThrow().sessions() == 1);
            long until = System.nanoTime() + Duration.ofSeconds(14).toNanos();
            while (System.nanoTime() < until) {
                TimeUnit.MILLISECONDS.sleep(500);
                partner.getOutputStream().write(2);
                assertThat(partner.getInputStream().read()).isEqualTo(2);
            }
        }
        await().atMost(SOON).until(() -> edge.listeners().bound().isEmpty());
    }

    @Test
    void anEdgeWithRoutesOfItsOwnGetsKeysOnlyWhereItsZoneSaysSo() throws Exception {
        int port = freePort();
        Zone plain = zone(link);
        put(plain);
        EdgeLinks links = server("one");
        EdgeSettings settings = ownRoutes(folder.resolve("edge"), link);
        Files.writeString(folder.resolve("edge/routes/partners.yaml"), route(port));
        String code = enrolments(links).begin(wish(Former.KEEP), "ada").code();
        open.add(CompletableFuture.supplyAsync(() -> {
                    try {
                        return Edge.start(settings, Optional.of(EnrolmentCode.parse(code)), "serai-edge test");
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .get(60, TimeUnit.SECONDS));

        await().atMost(SOON).until(() -> view(links).standing().problem().contains("the servers give it no keys"));
        assertThat(EdgeRows.row(view(links)))
                .containsEntry("drift", true)
                .extractingByKey("problem")
                .asString()
                .contains("set ownRoutes: true in the zone dmz");
        assertThat(EdgeWarnings.of(links)).contains("set ownRoutes: true in the zone dmz");
        assertThat(links.together().files().list()).isEmpty();
        assertThat(speaksSsh(port)).isFalse();

        change(withOwnRoutes(plain));
        await().atMost(SOON).until(() -> speaksSsh(port));
        await().atMost(SOON).until(() -> EdgeWarnings.of(links).equals("UP"));
        change(plain);
        await().atMost(SOON).until(() -> !speaksSsh(port));
    }

    @Test
    void anEdgeThatIsDrainedTakesNobodyAndIsSeenSoByTheServers() throws Exception {
        int port = freePort();
        put(zone(link, port));
        EdgeLinks links = server("one");
        var edge = enrolled(links);
        awaitUpAndInForce(links);
        links.drain(EDGE, "ada");
        await().atMost(SOON).until(() -> EdgeRows.state(view(links)).equals("draining"));
        await().atMost(SOON).until(() -> !speaksSsh(port));
        links.undrain(EDGE, "ada");
        await().atMost(SOON).until(() -> EdgeRows.state(view(links)).equals("up") && speaksSsh(port));
        assertThat(EdgeWarnings.of(links)).isEqualTo("UP");
        assertThatThrownBy(() -> links.drain(new EdgeName("nobody"), "ada"))
                .hasMessageContaining("No zone has an edge");
    }
}
