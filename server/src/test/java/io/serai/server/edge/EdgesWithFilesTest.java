package io.serai.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.edge.EdgeFiles;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.main.Edge;
import io.serai.edge.main.EdgeSettings;
import io.serai.edge.message.Method;
import io.serai.edge.tcp.PassThroughService;
import io.serai.edge.tcp.StreamSwitch;
import io.serai.edge.tcp.TcpLimits;
import io.serai.endpoint.handover.Echoes;
import io.serai.server.edge.EdgeEnrolments.Former;
import io.serai.server.edge.EdgeEnrolments.Wish;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Edges with route files of their own, and drained ones. */
@Timeout(120)
class EdgesWithFilesTest extends EdgesAndServers {
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
        // It is in force there before it is a version: an edge that was faster would make its own the version.
        await().atMost(SOON)
                .until(() -> links.together().files().newest(DMZ).orElseThrow().number() == 2);
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
        Echoes echoes = new Echoes();
        open.add(echoes);
        TcpLimits limits = new TcpLimits(Duration.ofSeconds(5), Duration.ofMinutes(5), Duration.ofSeconds(5), 10);
        EdgeLinks links = server(
                "one",
                new StreamSwitch(
                        Map.of(
                                Method.TCP_ACCEPTED,
                                new PassThroughService(
                                        (edge, accepted) -> Optional.of(echoes), limits, Optional.empty())),
                        Nobody.NOBODY));
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
