package io.serai.server.edge;

import io.serai.config.name.Network;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.edge.frame.FrameType;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.EdgeState.Routes;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.EdgeMessages.Offer;
import io.serai.edge.message.EdgeMessages.Outbound;
import io.serai.edge.message.EdgeMessages.Servers;
import io.serai.edge.routefile.OfferText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What an edge is told: the listeners of its zone as options of the endpoints, and what they present to partners. */
final class EdgeOffers {
    private static final String TLS_FILES = "tls-";
    /** A reply's status goes before it. */
    private static final int MOST_BYTES = FrameType.MESSAGE_BYTES - Short.BYTES;

    private final List<IdentityFile> identity;

    /** @param identity the host keys, certificate and key that partners see at this server's own listeners, too */
    EdgeOffers(List<IdentityFile> identity) {
        this.identity = List.copyOf(identity);
    }

    /** What an edge is to know beside its zone. */
    record Wish(long revision, Servers servers, Routes routes, boolean draining) {}

    /**
     * An edge with routes of its own is given no listeners, and the keys that its routes can show; those only if its zone lets
     * edges have such routes. What an edge says of itself never gets it a key that its zone has not meant for it.
     */
    EdgeConfig config(Zone zone, Zone.Edge edge, Wish wish) {
        List<Offer> offers = wish.routes() == Routes.OWN ? List.of() : offers(zone, edge);
        return new EdgeConfig(
                zone.name().value(),
                wish.revision(),
                wish.servers(),
                offers,
                identity(zone, wish.routes()),
                wish.draining(),
                outbound(zone.outbound()));
    }

    /** Why an edge with these routes gets no keys, for operators; empty when nothing is wrong with them. */
    static Optional<String> refusal(Zone zone, Routes routes) {
        return routes == Routes.OWN && zone.ownRoutes() == Zone.OwnRoutes.REFUSED
                ? Optional.of(
                        "it has route files of its own, which its zone does not allow, so it gets no keys: set ownRoutes:"
                                + " true in the zone " + zone.name() + ", or remove routes from its edge.yaml")
                : Optional.empty();
    }

    /** Why an edge is not told this, for operators; empty when one message takes it. */
    static Optional<String> excess(EdgeConfig config) {
        int bytes = config.encode().length;
        return bytes > MOST_BYTES
                ? Optional.of("what it should work with has " + bytes + " bytes, and an edge takes " + MOST_BYTES
                        + ", so it works on with what it has, if it has something: shorten destinations in the zone "
                        + config.zone()
                        + ", or allowFrom, denyFrom and proxyProtocolFrom of its listeners")
                : Optional.empty();
    }

    /** Only what a listener of the zone shows to partners: one that passes bytes through shows nothing. */
    private List<IdentityFile> identity(Zone zone, Routes routes) {
        if (routes == Routes.OWN) {
            return zone.ownRoutes() == Zone.OwnRoutes.ALLOWED ? identity : List.of();
        }
        Set<Protocol> speaks = zone.listeners().stream()
                .filter(listener -> listener.mode() == Zone.Mode.SESSIONS)
                .map(Zone.Listener::protocol)
                .collect(Collectors.toSet());
        boolean ssh = speaks.contains(Protocol.SFTP);
        boolean tls = speaks.contains(Protocol.FTPS) || speaks.contains(Protocol.HTTPS);
        return identity.stream()
                .filter(file -> file.name().startsWith(TLS_FILES) ? tls : ssh)
                .toList();
    }

    static List<Offer> offers(Zone zone, Zone.Edge edge) {
        return zone.listeners().stream()
                .map(listener -> new Offer(
                        listener.name(), listener.protocol().name().toLowerCase(Locale.ROOT), options(listener, edge)))
                .toList();
    }

    /** What an edge makes of them, by file. */
    static SortedMap<String, String> texts(Zone zone, Zone.Edge edge) {
        SortedMap<String, String> texts = new TreeMap<>();
        offers(zone, edge).forEach(offer -> texts.put(OfferText.fileName(offer), OfferText.of(offer)));
        return texts;
    }

    private static Outbound outbound(Zone.Outbound said) {
        boolean byEdges = said.offered()
                && said.proxies().isEmpty()
                && !said.destinations().isEmpty();
        return byEdges ? new Outbound(said.destinations(), said.idle().toMillis()) : Outbound.NOWHERE;
    }

    private static List<String> options(Zone.Listener listener, Zone.Edge edge) {
        List<String> options = new ArrayList<>();
        options.add("bindAddress=" + listener.address());
        options.add("port=" + listener.port());
        addNetworks(options, "proxyProtocolFrom=", listener.proxyProtocolFrom());
        addNetworks(options, "allow=", listener.admission().allowFrom());
        addNetworks(options, "deny=", listener.admission().denyFrom());
        Zone.Rates rates = listener.admission().rates();
        rates.connections().ifPresent(rate -> options.add("connectionRate=" + rate));
        rates.connectionsPerAddress().ifPresent(rate -> options.add("connectionRatePerAddress=" + rate));
        rates.logins().ifPresent(rate -> options.add("loginRate=" + rate));
        if (listener.mode() == Zone.Mode.TCP) {
            options.add("mode=tcp");
            listener.maxSessions().ifPresent(most -> options.add("maxConnections=" + most));
            return options;
        }
        switch (listener.protocol()) {
            case SFTP -> listener.maxSessions().ifPresent(most -> options.add("maxSessions=" + most));
            case FTPS -> {
                options.add("tls=" + (listener.tls() == Site.TlsMode.IMPLICIT ? "IMPLICIT" : "EXPLICIT"));
                edge.passivePorts().or(listener::passivePorts).ifPresent(ports -> options.add("passivePorts=" + ports));
                edge.publicAddress().ifPresent(address -> options.add("passiveAddress=" + address));
                listener.maxSessions().ifPresent(most -> options.add("maxConnections=" + most));
            }
            case HTTPS -> listener.maxSessions().ifPresent(most -> options.add("maxConnections=" + most));
        }
        return options;
    }

    private static void addNetworks(List<String> options, String option, List<Network> networks) {
        if (!networks.isEmpty()) {
            options.add(option + networks.stream().map(Network::toString).collect(Collectors.joining(",")));
        }
    }
}
