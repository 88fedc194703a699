package io.serai.config.object;

import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.Network;
import io.serai.config.name.ZoneName;
import io.serai.config.secret.SecretText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A group of edges: where they are, by which keys servers know them, and what they offer to partners. Each server holds
 * links to every edge of every zone. A zone may also be a way out by somebody else's proxies, and needs no edges then.
 *
 * @param listeners what every edge of the zone opens for partners
 * @param outbound whether connections to sites may leave through these edges, and by which of their sites
 * @param ownRoutes whether these edges may have route files of their own, and so get all keys that partners see
 */
public record Zone(
        ZoneName name,
        String description,
        List<Edge> edges,
        List<Listener> listeners,
        Outbound outbound,
        OwnRoutes ownRoutes)
        implements ConfigObject {

    /** Whether edges say themselves what they open for partners. */
    public enum OwnRoutes {
        REFUSED,
        ALLOWED
    }

    /** One whose edges have no route files of their own. */
    public Zone(ZoneName name, String description, List<Edge> edges, List<Listener> listeners, Outbound outbound) {
        this(name, description, edges, listeners, outbound, OwnRoutes.REFUSED);
    }

    /**
     * One edge.
     *
     * @param addresses where servers reach its link, tried in turn: production first, recovery after it
     * @param pins SHA-256 of the public key of its link, in lower-case hex; two while its key is being replaced. Empty: it
     *     has not been enrolled, and nobody dials it
     * @param publicAddress what FTP clients are told for data connections, when it differs from the one they reached
     * @param passivePorts of this edge alone, {@code from-to}, in place of those of the listeners: behind one address, the
     *     port tells whose data connection it is
     */
    public record Edge(
            EdgeName name,
            List<HostPort> addresses,
            Set<String> pins,
            Optional<String> publicAddress,
            Optional<String> passivePorts) {
        public Edge {
            addresses = List.copyOf(addresses);
            pins = Set.copyOf(pins);
        }

        /** The same edge, known by these keys. */
        public Edge withPins(Set<String> other) {
            return new Edge(name, addresses, other, publicAddress, passivePorts);
        }
    }

    /**
     * A port that the edges open for partners.
     *
     * @param name as sessions and the ledger show it
     * @param protocol what partners speak; the server's own listener for it answers when connections are passed through
     * @param mode what servers get to see
     * @param address of the edge's outer interface
     * @param tls how TLS begins; FTPS only
     * @param passivePorts for data connections, {@code from-to}; FTPS only
     * @param maxSessions connections at one time, for each edge
     * @param proxyProtocolFrom the load balancers in front; then only they may connect
     * @param admission where partners may come from
     */
    public record Listener(
            String name,
            Protocol protocol,
            Mode mode,
            String address,
            int port,
            Site.TlsMode tls,
            Optional<String> passivePorts,
            OptionalInt maxSessions,
            List<Network> proxyProtocolFrom,
            Admission admission) {
        public Listener {
            proxyProtocolFrom = List.copyOf(proxyProtocolFrom);
        }

        /** One that speaks with partners itself. */
        public Listener(
                String name,
                Protocol protocol,
                String address,
                int port,
                Site.TlsMode tls,
                Optional<String> passivePorts,
                OptionalInt maxSessions,
                List<Network> proxyProtocolFrom,
                Admission admission) {
            this(
                    name,
                    protocol,
                    Mode.SESSIONS,
                    address,
                    port,
                    tls,
                    passivePorts,
                    maxSessions,
                    proxyProtocolFrom,
                    admission);
        }
    }

    /** What an edge does with the connections of a listener. */
    public enum Mode {
        /** It speaks the protocol, and asks servers what partners ask. */
        SESSIONS,
        /** It passes the bytes to a server as they are, and needs no keys for that. */
        TCP
    }

    /**
     * Where partners may come from.
     *
     * @param allowFrom empty for everywhere
     * @param denyFrom goes before what is allowed
     * @param rates how often they may come
     */
    public record Admission(List<Network> allowFrom, List<Network> denyFrom, Rates rates) {
        public static final Admission EVERYWHERE = new Admission(List.of(), List.of(), Rates.NO_LIMIT);

        public Admission {
            allowFrom = List.copyOf(allowFrom);
            denyFrom = List.copyOf(denyFrom);
        }
    }

    /**
     * How often partners may come to a listener of one edge; what is beyond is refused at once.
     *
     * @param connections new connections, from all addresses together; of HTTPS logins
     * @param connectionsPerAddress the same from one address
     * @param logins tries to log in, from all addresses together
     */
    public record Rates(Optional<Rate> connections, Optional<Rate> connectionsPerAddress, Optional<Rate> logins) {
        public static final Rates NO_LIMIT = new Rates(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** So many in a second or in a minute. */
    public record Rate(int times, Per per) {
        public static final int MOST = 1_000_000;
        private static final Pattern TEXT = Pattern.compile("([1-9]\\d{0,6})/([sm])");

        /** What a rate is counted in. */
        public enum Per {
            SECOND,
            MINUTE
        }

        public Rate {
            if (times < 1 || times > MOST) {
                throw new IllegalArgumentException("expected 1 to " + MOST + " times");
            }
        }

        /** Reads {@code 600/m} or {@code 10/s}. */
        public static Rate parse(String text) {
            Matcher matcher = TEXT.matcher(text);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("expected so many a second or a minute, such as 10/s or 600/m");
            }
            return new Rate(Integer.parseInt(matcher.group(1)), matcher.group(2).equals("s") ? Per.SECOND : Per.MINUTE);
        }

        @Override
        public String toString() {
            return times + (per == Per.SECOND ? "/s" : "/m");
        }
    }

    /**
     * The way out.
     *
     * @param offered whether sites may leave through this zone
     * @param isDefault whether the sites that name no zone do
     * @param destinations where the edges connect to: {@code what:ports}, and nowhere else
     * @param idle an edge cuts a connection on which nothing moves for this time
     * @param proxies somebody else's proxies, which are used instead of edges
     */
    public record Outbound(
            boolean offered,
            boolean isDefault,
            WhenDown whenDown,
            List<String> destinations,
            Duration idle,
            Optional<Proxies> proxies) {
        public Outbound {
            destinations = List.copyOf(destinations);
        }

        /** Through the edges, which connect to nothing yet. */
        public Outbound(boolean offered, boolean isDefault, WhenDown whenDown) {
            this(offered, isDefault, whenDown, List.of(), ObjectDefaults.OUTBOUND_IDLE, Optional.empty());
        }
    }

    /**
     * Proxies that are not ours.
     *
     * @param addresses tried in turn
     * @param user for proxies that ask for a login
     */
    public record Proxies(List<Proxy> addresses, Optional<String> user, Optional<SecretText> password) {
        public Proxies {
            addresses = List.copyOf(addresses);
        }

        /** The same ones with another password. */
        public Proxies withPassword(Optional<SecretText> other) {
            return new Proxies(addresses, user, other);
        }
    }

    /** One of them, written {@code socks5://proxy.example:1080}. */
    public record Proxy(Kind kind, HostPort at) {
        private static final String BEFORE_ADDRESS = "://";

        /** How it is spoken to. */
        public enum Kind {
            /** SOCKS5, which resolves names. */
            SOCKS5(1080),
            /** HTTP with CONNECT. */
            HTTP(3128);

            private final int usualPort;

            Kind(int usualPort) {
                this.usualPort = usualPort;
            }
        }

        /** @throws IllegalArgumentException with what is wrong */
        public static Proxy parse(String text) {
            for (Kind kind : Kind.values()) {
                String scheme = ObjectFields.word(kind) + BEFORE_ADDRESS;
                if (text.startsWith(scheme)) {
                    return new Proxy(kind, HostPort.parse(text.substring(scheme.length()), kind.usualPort));
                }
            }
            throw new IllegalArgumentException("expected socks5://host:port or http://host:port");
        }

        @Override
        public String toString() {
            return ObjectFields.word(kind) + BEFORE_ADDRESS + at;
        }
    }

    /** What a connection to a site does when no edge or proxy of its zone can be reached. */
    public enum WhenDown {
        /** It fails and is tried again later. */
        REFUSE,
        /** It goes from the server itself. */
        DIRECT
    }

    public Zone {
        edges = List.copyOf(edges);
        listeners = List.copyOf(listeners);
    }

    /** The edge of this name. */
    public Optional<Edge> edge(EdgeName edge) {
        return edges.stream().filter(each -> each.name().equals(edge)).findFirst();
    }

    /** The same zone, with this edge in place of the one of its name, or as the last when there is none. */
    public Zone with(Edge changed) {
        List<Edge> all = new ArrayList<>(edges);
        int place = 0;
        while (place < all.size() && !all.get(place).name().equals(changed.name())) {
            place++;
        }
        if (place < all.size()) {
            all.set(place, changed);
        } else {
            all.add(changed);
        }
        return new Zone(name, description, all, listeners, outbound, ownRoutes);
    }

    /** The same zone with another password for its proxies, if it has any. */
    public Zone withProxyPassword(Optional<SecretText> password) {
        return new Zone(
                name,
                description,
                edges,
                listeners,
                new Outbound(
                        outbound.offered(),
                        outbound.isDefault(),
                        outbound.whenDown(),
                        outbound.destinations(),
                        outbound.idle(),
                        outbound.proxies().map(proxies -> proxies.withPassword(password))),
                ownRoutes);
    }

    @Override
    public ObjectKind kind() {
        return ObjectKind.ZONE;
    }

    @Override
    public String objectName() {
        return name.value();
    }
}
