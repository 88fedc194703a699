package io.serai.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.edge.LinkPins;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Zone;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.main.Edge;
import io.serai.server.edge.EdgeEnrolments.Former;
import io.serai.server.edge.EdgeEnrolments.State;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Edges that are enrolled, follow their zone, and are left. */
@Timeout(120)
class EdgesTest extends EdgesAndServers {
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
}
