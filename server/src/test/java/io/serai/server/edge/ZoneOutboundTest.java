package io.serai.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.NodeName;
import io.serai.config.name.SiteName;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.config.object.ZoneChoice;
import io.serai.config.secret.SecretBox;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.main.Edge;
import io.serai.edge.main.EdgeSettings;
import io.serai.edge.relay.EdgeAlarms;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.route.site.outbound.OutboundPath;
import io.serai.route.site.outbound.ProxyDown;
import io.serai.server.edge.EdgeEnrolments.Former;
import io.serai.server.edge.EdgeEnrolments.Wish;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Which way connections to sites take, over real links to real edges on loopback. */
@Timeout(120)
class ZoneOutboundTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final ZoneName DMZ = new ZoneName("dmz");
    private static final ZoneChoice BY_DMZ = new ZoneChoice.Named(DMZ);
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

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private JdbcObjectStore objects;
    private EdgeLinks links;
    private ZoneOutbound outbound;
    private ServerSocket partner;

    @BeforeEach
    void start() throws IOException {
        DATABASE.truncate("config_object", "config_history", "server_link");
        objects = new JdbcObjectStore(
                DATABASE.database(),
                new ObjectJson(SecretBox.openOrCreate(folder.resolve("secrets.key"))),
                object -> Set.of());
        objects.start();
        open.add(objects::close);
        links = new EdgeLinks(new EdgeLinks.Ground(
                objects,
                objects::revision,
                new EdgeTogether(
                        DATABASE.database(),
                        new NodeName("one"),
                        () -> new FencingToken(new NodeName("one"), 1),
                        EdgeAlarms.NONE),
                new NodeName("one"),
                () -> LinkIdentity.make(LinkRole.SERVER, "one", InstantSource.system()),
                "serai test",
                QUICK,
                List.of(),
                zone -> Nobody.DESK));
        open.add(links);
        outbound = new ZoneOutbound(objects, links);
        open.add(outbound);
        partner = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        open.add(partner);
        Thread echo = new Thread(this::echo);
        echo.setDaemon(true);
        echo.start();
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    /** One connection after the other, each by a thread of its own. */
    private void echo() {
        while (!partner.isClosed()) {
            try {
                Socket socket = partner.accept();
                Thread thread = new Thread(() -> {
                    try (socket) {
                        socket.getInputStream().transferTo(socket.getOutputStream());
                    } catch (IOException e) {
                        // The test has seen it.
                    }
                });
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                return;
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static Zone.Edge edge(String name, int port) {
        return new Zone.Edge(
                new EdgeName(name),
                List.of(new HostPort("127.0.0.1", port)),
                Set.of(),
                Optional.empty(),
                Optional.empty());
    }

    private static Zone.Outbound terms(Zone.WhenDown whenDown, Duration idle, String... destinations) {
        return new Zone.Outbound(true, false, whenDown, List.of(destinations), idle, Optional.empty());
    }

    /** Puts the zone with these terms; its edges stay as they are. */
    private void put(Zone.Outbound terms) {
        List<Zone.Edge> edges = objects.find(Zone.class, "dmz").map(Zone::edges).orElse(List.of());
        put(new Zone(DMZ, "", edges, List.of(), terms));
    }

    private void put(Zone zone) {
        var unused = objects.change(List.of(zone), List.of(), "ada");
    }

    private Edge enrolled(EdgeEnrolments enrolments, String name, int port) throws Exception {
        String code = enrolments
                .begin(
                        new Wish(new EdgeName(name), Optional.empty(), List.of(), Duration.ofMinutes(5), Former.KEEP),
                        "ada")
                .code();
        Edge edge = Edge.start(
                new EdgeSettings(folder.resolve(name), new InetSocketAddress(InetAddress.getLoopbackAddress(), port)),
                Optional.of(EnrolmentCode.parse(code)),
                "serai-edge test");
        open.add(edge);
        return edge;
    }

    private List<Edge> twoEdges(Zone.Outbound terms) throws Exception {
        int a = freePort();
        int b = freePort();
        put(new Zone(DMZ, "", List.of(edge("edge1", a), edge("edge2", b)), List.of(), terms));
        links.start();
        EdgeEnrolments enrolments =
                new EdgeEnrolments(links, objects, objects::replace, InstantSource.system(), Duration.ofMillis(100));
        open.add(enrolments);
        List<Edge> edges = List.of(enrolled(enrolments, "edge1", a), enrolled(enrolments, "edge2", b));
        awaitInForce();
        return edges;
    }

    private void awaitInForce() {
        await().atMost(SOON).until(this::isInForce);
    }

    private boolean isInForce() {
        return links.edges().stream()
                .allMatch(edge -> edge.link().isPresent()
                        && edge.standing().state().isPresent()
                        && !edge.standing().drifts());
    }

    private Site site(ZoneChoice zone) {
        return new Site(
                new SiteName("bank"),
                "",
                Protocol.SFTP,
                "127.0.0.1",
                partner.getLocalPort(),
                "",
                Optional.of("u"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Site.TlsMode.EXPLICIT,
                Duration.ofSeconds(5),
                Duration.ofSeconds(5),
                1,
                OptionalLong.empty(),
                zone,
                List.of());
    }

    /** Connects by the first way to where the partner is. */
    private Socket connect() throws IOException {
        return connect(outbound.of(site(BY_DMZ)).get(0));
    }

    private Socket connect(OutboundPath way) throws IOException {
        Socket socket = new Socket();
        try {
            way.connect(
                    socket,
                    socket::connect,
                    InetSocketAddress.createUnresolved("127.0.0.1", partner.getLocalPort()),
                    5_000);
            socket.setSoTimeout(10_000);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private void expectEcho() throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(42);
            assertThat(socket.getInputStream().read()).isEqualTo(42);
        }
    }

    @Test
    void theEdgesOfAZoneAreTriedInTurnAndTheirAbsenceIsSaid() throws Exception {
        List<Edge> edges = twoEdges(terms(Zone.WhenDown.REFUSE, Duration.ofMinutes(1), "127.0.0.0/8:*"));
        for (int i = 0; i < 4; i++) {
            expectEcho();
        }
        assertThat(outbound.troubles()).isEmpty();
        edges.get(0).close();
        for (int i = 0; i < 4; i++) {
            expectEcho();
        }
        edges.get(1).close();
        await().atMost(SOON).until(() -> links.links(DMZ).isEmpty());
        assertThatThrownBy(this::connect)
                .isInstanceOf(ProxyDown.class)
                .hasMessageContainingAll("the way through the edges of the zone dmz is down", "edge1: ", "edge2: ");
        assertThat(outbound.troubles())
                .hasSize(1)
                .allSatisfy((called, text) -> assertThat(called).contains("zone dmz"));
        assertThat(outbound.of(site(BY_DMZ))).hasSize(1).doesNotContain(OutboundPath.DIRECT);
        put(terms(Zone.WhenDown.DIRECT, Duration.ofMinutes(1), "127.0.0.0/8:*"));
        assertThat(outbound.of(site(BY_DMZ))).hasSize(2).last().isEqualTo(OutboundPath.DIRECT);
    }

    @Test
    void aZoneThatNoMessageTakesIsSaidAndItsEdgesWorkOnWithWhatTheyHave() throws Exception {
        List<Edge> edges = twoEdges(terms(Zone.WhenDown.REFUSE, Duration.ofMinutes(1), "127.0.0.0/8:*"));
        assertThat(edges).hasSize(2);
        List<Link> before = links.links(DMZ);
        String[] many =
                Collections.nCopies(8_000, "203.0.113.250:22,990,30000-31000").toArray(String[]::new);
        put(terms(Zone.WhenDown.REFUSE, Duration.ofMinutes(1), many));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(links.edges())
                        .allSatisfy(edge -> assertThat(EdgeRows.row(edge))
                                .containsEntry("state", "up")
                                .containsEntry("drift", true)
                                .extractingByKey("problem")
                                .asString()
                                .contains("an edge takes 262142", "destinations in the zone dmz")));
        assertThat(EdgeWarnings.of(links)).contains("an edge takes 262142");
        expectEcho();
        assertThat(links.links(DMZ)).containsExactlyElementsOf(before).allMatch(Link::isUsable);
        put(terms(Zone.WhenDown.REFUSE, Duration.ofMinutes(1), "127.0.0.0/8:*", "203.0.113.250:22"));
        // They were answered, so that none waits for the former answer in place of asking for the next.
        await().atMost(Duration.ofSeconds(7)).until(this::isInForce);
        expectEcho();
        assertThat(EdgeWarnings.of(links)).isEqualTo("UP");
        assertThat(links.links(DMZ)).containsExactlyElementsOf(before);
    }

    @Test
    void whatAZoneSaysCountsForTheNextConnection() throws Exception {
        List<Edge> edges = twoEdges(terms(Zone.WhenDown.REFUSE, Duration.ofMinutes(1), "*:*", "127.0.0.1:1"));
        assertThat(edges).hasSize(2);
        assertThatThrownBy(this::connect)
                .isNotInstanceOf(ProxyDown.class)
                .cause()
                .isInstanceOfSatisfying(SeraiException.class, refused -> {
                    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID);
                    assertThat(refused.text())
                            .contains("127.0.0.1:" + partner.getLocalPort(), "destinations of the zone dmz", "edge");
                });
        assertThat(outbound.troubles()).as("a rule is no failure of the way").isEmpty();
        assertThatThrownBy(() -> outbound.of(site(BY_DMZ))
                        .get(0)
                        .connect(
                                new Socket(),
                                (to, millis) -> {
                                    throw new IOException("never asked for");
                                },
                                InetSocketAddress.createUnresolved("127.0.0.1", 1),
                                1_000))
                .isInstanceOf(ProxyDown.class);

        put(terms(Zone.WhenDown.REFUSE, Duration.ofMillis(400), "127.0.0.0/8:" + partner.getLocalPort()));
        awaitInForce();
        expectEcho();
        try (Socket idle = connect()) {
            assertThat(endOf(idle)).as("cut for idleness").isTrue();
        }
        put(terms(Zone.WhenDown.REFUSE, Duration.ofMinutes(1), "[2001:db8::/32]:*"));
        awaitInForce();
        assertThatThrownBy(this::connect).isNotInstanceOf(ProxyDown.class);
        int closed = freePort();
        put(terms(Zone.WhenDown.REFUSE, Duration.ofMinutes(1), "127.0.0.0/8:*"));
        awaitInForce();
        assertThatThrownBy(() -> {
                    Socket socket = new Socket();
                    outbound.of(site(BY_DMZ))
                            .get(0)
                            .connect(
                                    socket,
                                    socket::connect,
                                    InetSocketAddress.createUnresolved("127.0.0.1", closed),
                                    5_000);
                })
                .isInstanceOf(ConnectException.class)
                .isNotInstanceOf(ProxyDown.class)
                .hasMessageContaining("through the zone dmz");
    }

    @Test
    void whatBelongsTogetherLeavesByOneEdge() throws Exception {
        twoEdges(terms(Zone.WhenDown.REFUSE, Duration.ofMinutes(1), "127.0.0.0/8:*"));
        for (int i = 0; i < 2; i++) {
            OutboundPath way = outbound.of(site(BY_DMZ)).get(0).ofOneConnection();
            List<Socket> sockets = new ArrayList<>();
            try {
                for (int socket = 0; socket < 3; socket++) {
                    sockets.add(connect(way));
                }
                assertThat(links.links(DMZ).stream().map(Link::load)).containsExactlyInAnyOrder(0, 3);
            } finally {
                for (Socket socket : sockets) {
                    socket.close();
                }
            }
            await().atMost(SOON).until(() -> links.links(DMZ).stream().allMatch(link -> link.load() == 0));
        }
    }

    @Test
    void aDestinationThatAnEdgeDeniesIsRefusedAndNotTakenAnotherWayWhileItsTermsChange() throws Exception {
        twoEdges(terms(Zone.WhenDown.DIRECT, Duration.ofMinutes(1), "127.0.0.1:1"));
        AtomicInteger port = new AtomicInteger(1);
        await().atMost(SOON).until(() -> {
            put(terms(Zone.WhenDown.DIRECT, Duration.ofMinutes(1), "127.0.0.1:" + port.incrementAndGet()));
            List<ErrorCode> codes = new ArrayList<>();
            assertThatThrownBy(this::connect)
                    .isNotInstanceOf(ProxyDown.class)
                    .cause()
                    .isInstanceOfSatisfying(SeraiException.class, refused -> codes.add(refused.code()));
            return codes.contains(ErrorCode.SITE_PROXY_DOWN);
        });
        assertThat(ErrorCode.SITE_PROXY_DOWN.kind()).as("tried again").isEqualTo(ErrorKind.REMOTE);
    }

    private static boolean endOf(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void aSiteLeavesAsItsZoneSaysAndNeverByAnotherWay() throws Exception {
        assertThat(outbound.of(site(ZoneChoice.Word.NONE))).containsExactly(OutboundPath.DIRECT);
        assertThat(outbound.of(site(ZoneChoice.Word.DEFAULT))).containsExactly(OutboundPath.DIRECT);
        assertThatThrownBy(() -> outbound.of(site(BY_DMZ)))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("the zone dmz, which lets nobody out");
        String gone = "socks5://127.0.0.1:" + freePort();
        put(new Zone(
                DMZ,
                "",
                List.of(),
                List.of(),
                new Zone.Outbound(
                        true,
                        true,
                        Zone.WhenDown.REFUSE,
                        List.of(),
                        Duration.ofMinutes(1),
                        Optional.of(new Zone.Proxies(
                                List.of(Zone.Proxy.parse(gone), Zone.Proxy.parse("http://127.0.0.1:1")),
                                Optional.empty(),
                                Optional.empty())))));
        assertThat(outbound.of(site(ZoneChoice.Word.NONE))).containsExactly(OutboundPath.DIRECT);
        List<OutboundPath> paths = outbound.of(site(ZoneChoice.Word.DEFAULT));
        assertThat(paths).hasSize(2).isEqualTo(outbound.of(site(BY_DMZ))).noneMatch(OutboundPath::isDirect);
        assertThatThrownBy(this::connect)
                .isInstanceOf(ProxyDown.class)
                .hasMessageContaining("the proxy " + gone + " of the zone dmz is down");
        assertThat(outbound.troubles()).containsOnlyKeys("the proxy " + gone + " of the zone dmz");
    }
}
