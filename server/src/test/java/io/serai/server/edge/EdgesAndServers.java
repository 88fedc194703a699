package io.serai.server.edge;

import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.edge.EdgeFiles;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.NodeName;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.config.secret.SecretBox;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.main.Edge;
import io.serai.edge.main.EdgeSettings;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.FileMessages.FilesState.Takes;
import io.serai.edge.relay.EdgeAlarms;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.endpoint.sftp.HostKeys;
import io.serai.server.edge.EdgeEnrolments.Former;
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
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Servers over one database and edges as they are shipped, linked over loopback. */
@Timeout(120)
abstract class EdgesAndServers {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    static final Duration SOON = Duration.ofSeconds(30);
    static final ZoneName DMZ = new ZoneName("dmz");
    static final EdgeName EDGE = new EdgeName("edge1");
    static final LinkSettings QUICK = LinkSettings.standard()
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
    static List<IdentityFile> identity;

    @TempDir
    static Path keys;

    @TempDir
    Path folder;

    final List<AutoCloseable> open = new ArrayList<>();
    JdbcObjectStore objects;
    int link;

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

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    EdgeLinks server(String name) {
        return server(name, Nobody.NOBODY);
    }

    EdgeLinks server(String name, LinkHandler handler) {
        LinkIdentity key = LinkIdentity.make(LinkRole.SERVER, name, InstantSource.system());
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
                zone -> new ZoneDesk(handler, Nobody.NOBODY)));
        links.start();
        open.add(links);
        return links;
    }

    EdgeEnrolments enrolments(EdgeLinks links) {
        EdgeEnrolments enrolments =
                new EdgeEnrolments(links, objects, objects::replace, InstantSource.system(), Duration.ofMillis(100));
        open.add(enrolments);
        return enrolments;
    }

    static Zone zone(int linkPort, int... sftpPorts) {
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

    static Zone withOwnRoutes(Zone zone) {
        return new Zone(
                zone.name(),
                zone.description(),
                zone.edges(),
                zone.listeners(),
                zone.outbound(),
                Zone.OwnRoutes.ALLOWED);
    }

    /** Changes the zone but leaves the keys of its edge. */
    void change(Zone zone) {
        Zone now = objects.find(Zone.class, "dmz").orElseThrow();
        Zone.Edge edge = zone.edges().get(0);
        put(zone.with(edge.withPins(now.edge(EDGE).orElseThrow().pins())));
    }

    void put(Zone zone) {
        var unused = objects.change(List.of(zone), List.of(), "ada");
    }

    EdgeSettings settings() {
        return new EdgeSettings(folder.resolve("edge"), new InetSocketAddress(InetAddress.getLoopbackAddress(), link));
    }

    Edge edge(Optional<String> code) throws Exception {
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

    static Wish wish(Former former) {
        return new Wish(EDGE, Optional.empty(), List.of(), Duration.ofMinutes(5), former);
    }

    Edge enrolled(EdgeLinks links) throws Exception {
        String code = enrolments(links).begin(wish(Former.KEEP), "ada").code();
        return edge(Optional.of(code));
    }

    static EdgeView view(EdgeLinks links) {
        return links.edges().get(0);
    }

    static void awaitUpAndInForce(EdgeLinks links) {
        await().atMost(SOON)
                .until(() -> view(links).link().isPresent()
                        && view(links).standing().state().isPresent()
                        && !view(links).standing().drifts());
    }

    static boolean speaksSsh(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
            socket.setSoTimeout(5_000);
            return new String(socket.getInputStream().readNBytes(8), StandardCharsets.US_ASCII).equals("SSH-2.0-");
        } catch (IOException e) {
            return false;
        }
    }

    EdgeSettings ownRoutes(Path home, int port) throws IOException {
        Path routes = Files.createDirectories(home.resolve("routes"));
        return new EdgeSettings(
                home,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                Optional.of(new EdgeSettings.OwnRoutes(routes, Takes.AT_ONCE)),
                Optional.empty());
    }

    static String route(int port) {
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

    static EdgeFiles.State filesState(EdgeLinks links, String edge) {
        return links.together().files().list().stream()
                .filter(at -> at.edge().value().equals(edge))
                .map(EdgeFiles.At::state)
                .findFirst()
                .orElse(EdgeFiles.State.BEHIND);
    }

    /** How often the first edge has its files compared in two seconds. */
    static int comparisons(EdgeLinks links) {
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

    /** Sends back the first 64 bytes of each connection, one by one, behind its PROXY header. */
    ServerSocket echo() throws IOException {
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

    static boolean isCut(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(5_000);
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}
