package io.serai.server.edge;

import io.serai.cluster.object.ObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.ZoneName;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.config.object.ZoneChoice;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.Link;
import io.serai.edge.tcp.LinkOutbound;
import io.serai.edge.tcp.SocksFront;
import io.serai.edge.tcp.TcpLimits;
import io.serai.route.site.outbound.HttpProxyPath;
import io.serai.route.site.outbound.OutboundPath;
import io.serai.route.site.outbound.OutboundPaths;
import io.serai.route.site.outbound.ProxyLogin;
import io.serai.route.site.outbound.SocksPath;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which way the connections to each site leave, as the site's zone says at that moment: through the zone's edges, through its
 * proxies, or from here. Edges are reached by a SOCKS5 front for each zone, on loopback. Its lock guards the fronts.
 */
public final class ZoneOutbound implements OutboundPaths, AutoCloseable {
    private static final int PASSWORD_BYTES = 16;
    /** The edges' own limit is the one that counts; this is for what they forget. */
    private static final Duration LONGEST_IDLE = Duration.ofHours(25);

    private final ObjectStore objects;
    private final EdgeLinks links;
    private final OutboundStanding standing = new OutboundStanding();
    private final Map<ZoneName, Front> fronts = new HashMap<>();
    private boolean closed;

    /** A way to the edges of a zone for whatever in this process knows the login. */
    record Front(SocksFront socks, InetSocketAddress address, ProxyLogin login) {}

    public ZoneOutbound(ObjectStore objects, EdgeLinks links) {
        this.objects = objects;
        this.links = links;
    }

    @Override
    public List<OutboundPath> of(Site site) {
        Optional<Zone> zone = site.zone().in(objects.all(Zone.class));
        if (zone.isEmpty()) {
            if (site.zone() instanceof ZoneChoice.Named named) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "Site " + site.name() + " is to be reached through the zone " + named.zone()
                                + ", which lets nobody out; apply the zone with outbound: true, or give the site another");
            }
            return List.of(OutboundPath.DIRECT);
        }
        List<OutboundPath> paths = new ArrayList<>();
        zone.get()
                .outbound()
                .proxies()
                .ifPresentOrElse(
                        proxies -> proxies.addresses()
                                .forEach(proxy -> paths.add(standing.noting(path(zone.get(), proxies, proxy)))),
                        () -> paths.add(new EdgePath(zone.get().name(), this)));
        if (zone.get().outbound().whenDown() == Zone.WhenDown.DIRECT) {
            paths.add(OutboundPath.DIRECT);
        }
        return List.copyOf(paths);
    }

    private static NotedPath.Named path(Zone zone, Zone.Proxies proxies, Zone.Proxy proxy) {
        String called = "the proxy " + proxy + " of the zone " + zone.name();
        Optional<ProxyLogin> login = proxies.user()
                .map(user -> new ProxyLogin(user, proxies.password().orElse(new SecretText(""))));
        String host = proxy.at().host();
        int port = proxy.at().port();
        return new NotedPath.Named(
                called,
                switch (proxy.kind()) {
                    case SOCKS5 -> new SocksPath(called, host, port, login);
                    case HTTP -> new HttpProxyPath(called, host, port, login);
                });
    }

    OutboundStanding standing() {
        return standing;
    }

    /** The ways out that do not work now, and why, for people; empty when all do. */
    public Map<String, String> troubles() {
        return standing.troubles();
    }

    /** Where the edges of this zone are reached, once there is a link; empty when there is none, or it all ends. */
    synchronized Optional<Front> front(ZoneName zone) {
        if (closed || links.links(zone).isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(fronts.computeIfAbsent(zone, this::open));
    }

    private Front open(ZoneName zone) {
        byte[] password = new byte[PASSWORD_BYTES];
        new SecureRandom().nextBytes(password);
        SecretText secret = new SecretText(HexFormat.of().formatHex(password));
        TcpLimits usual = TcpLimits.standard();
        TcpLimits limits = new TcpLimits(usual.connectWithin(), LONGEST_IDLE, usual.halfClosed(), usual.most());
        SocksFront socks = new SocksFront(
                links.transport(),
                new LinkOutbound(tried -> pick(zone, tried), limits),
                limits,
                Optional.of(new SocksFront.Login(zone.value(), secret)));
        InetSocketAddress address = socks.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        return new Front(socks, address, new ProxyLogin(zone.value(), secret));
    }

    /** An edge that stops goes on with what it has, and is the last that is asked for more. */
    private Optional<Link> pick(ZoneName zone, Set<Link> tried) {
        return links.links(zone).stream()
                .filter(link -> link.isUsable() && !tried.contains(link))
                .min(Comparator.<Link, Boolean>comparing(link -> !link.takesSessions())
                        .thenComparingInt(Link::load));
    }

    /** What keeps the edges of a zone away. */
    String absence(ZoneName zone) {
        List<String> words = new ArrayList<>();
        for (EdgeLinks.EdgeView edge : links.edges()) {
            if (edge.zone().name().equals(zone)) {
                String failure = edge.standing().failure();
                words.add(edge.edge().name() + ": "
                        + (edge.edge().pins().isEmpty() ? "not enrolled" : failure.isEmpty() ? "no link" : failure));
            }
        }
        return words.isEmpty() ? "it has no edges" : String.join("; ", words);
    }

    /** Whether an edge of the zone may not have heard yet what the zone says now. */
    boolean mayBeOutdated(ZoneName zone) {
        return links.edges().stream()
                .filter(edge -> edge.zone().name().equals(zone) && edge.link().isPresent())
                .anyMatch(edge ->
                        edge.standing().state().isEmpty() || edge.standing().isOutdated());
    }

    /** Cuts what is open. */
    @Override
    public synchronized void close() {
        closed = true;
        fronts.values().forEach(front -> front.socks().stop());
        fronts.clear();
    }
}
