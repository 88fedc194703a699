package io.serai.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.ZoneName;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.edge.message.EdgeMessages.EdgeState.Routes;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.EdgeMessages.Servers;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EdgeOffersTest {
    private static final Zone.Edge EDGE = new Zone.Edge(
            new EdgeName("edge1"),
            List.of(new HostPort("10.0.0.1", 7443)),
            Set.of(),
            Optional.empty(),
            Optional.empty());
    private static final String[] TLS = {"tls-certificate.pem", "tls-key.pem"};
    private static final String[] SSH = {"ssh_host_ed25519_key", "ssh_host_rsa_key"};
    private static final EdgeOffers OFFERS = new EdgeOffers(Stream.of(TLS[0], TLS[1], SSH[0], SSH[1])
            .map(name -> new IdentityFile(name, "the text of " + name))
            .toList());

    private static Zone.Listener listener(Protocol protocol, Zone.Mode mode) {
        return new Zone.Listener(
                "to-" + protocol,
                protocol,
                mode,
                "0.0.0.0",
                22,
                Site.TlsMode.EXPLICIT,
                Optional.empty(),
                OptionalInt.empty(),
                List.of(),
                Zone.Admission.EVERYWHERE);
    }

    private static Zone zone(Zone.OwnRoutes own, Zone.Listener... listeners) {
        return new Zone(
                new ZoneName("dmz"),
                "",
                List.of(EDGE),
                List.of(listeners),
                new Zone.Outbound(false, false, Zone.WhenDown.REFUSE),
                own);
    }

    private static List<String> keys(Zone zone, Routes routes) {
        return OFFERS
                .config(zone, EDGE, new EdgeOffers.Wish(1, new Servers(1, List.of()), routes, false))
                .identity()
                .stream()
                .map(IdentityFile::name)
                .toList();
    }

    @Test
    void anEdgeThatSaysItHasRoutesOfItsOwnGetsNoKeyUnlessItsZoneAllowsThem() {
        Zone passing = zone(Zone.OwnRoutes.REFUSED, listener(Protocol.SFTP, Zone.Mode.TCP));
        assertThat(keys(passing, Routes.OWN)).isEmpty();
        assertThat(keys(zone(Zone.OwnRoutes.REFUSED), Routes.OWN)).isEmpty();
        assertThat(keys(zone(Zone.OwnRoutes.REFUSED, listener(Protocol.SFTP, Zone.Mode.SESSIONS)), Routes.OWN))
                .isEmpty();
        assertThat(EdgeOffers.refusal(passing, Routes.OWN))
                .get()
                .asString()
                .contains("ownRoutes: true in the zone dmz");

        Zone allowing = zone(Zone.OwnRoutes.ALLOWED, listener(Protocol.SFTP, Zone.Mode.TCP));
        assertThat(keys(allowing, Routes.OWN)).hasSize(4);
        assertThat(keys(allowing, Routes.OF_SERVERS)).isEmpty();
        assertThat(EdgeOffers.refusal(allowing, Routes.OWN)).isEmpty();
    }

    private static Zone to(int destinations) {
        return new Zone(
                new ZoneName("dmz"),
                "",
                List.of(EDGE),
                List.of(),
                new Zone.Outbound(
                        true,
                        false,
                        Zone.WhenDown.REFUSE,
                        Collections.nCopies(destinations, "203.0.113.250:22,990,30000-31000"),
                        Duration.ofMinutes(5),
                        Optional.empty()));
    }

    @Test
    void whatOneMessageDoesNotTakeIsSaidAndWhatItTakesIsNot() {
        EdgeOffers.Wish wish = new EdgeOffers.Wish(1, new Servers(1, List.of()), Routes.OF_SERVERS, false);
        assertThat(EdgeOffers.excess(OFFERS.config(to(7_500), EDGE, wish))).isEmpty();
        assertThat(EdgeOffers.excess(OFFERS.config(to(8_000), EDGE, wish)))
                .get()
                .asString()
                .contains("an edge takes 262142", "destinations in the zone dmz");
    }

    @Test
    void anEdgeGetsTheKeysThatItsListenersShowAndNoOthers() {
        assertThat(keys(zone(Zone.OwnRoutes.REFUSED), Routes.OF_SERVERS)).isEmpty();
        assertThat(keys(zone(Zone.OwnRoutes.REFUSED, listener(Protocol.SFTP, Zone.Mode.SESSIONS)), Routes.OF_SERVERS))
                .containsExactly(SSH);
        for (Protocol protocol : List.of(Protocol.FTPS, Protocol.HTTPS)) {
            Zone zone = zone(
                    Zone.OwnRoutes.REFUSED,
                    listener(protocol, Zone.Mode.SESSIONS),
                    listener(Protocol.SFTP, Zone.Mode.TCP));
            assertThat(keys(zone, Routes.OF_SERVERS)).containsExactly(TLS);
        }
        assertThat(keys(
                        zone(
                                Zone.OwnRoutes.REFUSED,
                                listener(Protocol.FTPS, Zone.Mode.SESSIONS),
                                listener(Protocol.SFTP, Zone.Mode.SESSIONS)),
                        Routes.OF_SERVERS))
                .hasSize(4);
    }
}
