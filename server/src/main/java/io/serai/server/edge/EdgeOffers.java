package io.serai.server.edge;

import io.serai.config.name.Network;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.EdgeState.Routes;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.EdgeMessages.Offer;
import io.serai.edge.message.EdgeMessages.Outbound;
import io.serai.edge.message.EdgeMessages.Servers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What an edge is told: the listeners of its zone as options of the endpoints, and what they present to partners. */
final class EdgeOffers {
    private final List<IdentityFile> identity;

    /** @param identity the host keys, certificate and key that partners see at this server's own listeners, too */
    EdgeOffers(List<IdentityFile> identity) {
        this.identity = List.copyOf(identity);
    }

    /** What an edge is to know beside its zone. */
    record Wish(long revision, Servers servers, Routes routes, boolean draining) {}

    /** An edge with routes of its own is given the keys that they can show, and no listeners. */
    EdgeConfig config(Zone zone, Zone.Edge edge, Wish wish) {
        List<Offer> offers = wish.routes() == Routes.OWN ? List.of() : offers(zone, edge);
        // An edge that speaks with nobody itself needs no keys.
        boolean shows = wish.routes() == Routes.OWN
                || zone.listeners().stream().anyMatch(listener -> listener.mode() == Zone.Mode.SESSIONS);
        return new EdgeConfig(
                zone.name().value(),
                wish.revision(),
                wish.servers(),
                offers,
                shows ? identity : List.of(),
                wish.draining(),
                outbound(zone.outbound()));
    }

    static List<Offer> offers(Zone zone, Zone.Edge edge) {
        return zone.listeners().stream()
                .map(listener -> new Offer(
                        listener.name(), listener.protocol().name().toLowerCase(Locale.ROOT), options(listener, edge)))
                .toList();
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
