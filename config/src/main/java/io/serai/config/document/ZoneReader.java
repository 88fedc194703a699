package io.serai.config.document;

import io.serai.config.error.SeraiException;
import io.serai.config.name.AddressLiteral;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.Network;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.config.secret.SecretText;
import io.serai.config.yaml.YamlFields;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** {@code kind: Zone}. The keys of an edge for which a document gives none stay as they are. */
final class ZoneReader {
    private static final Map<String, String> OTHER_NAMES = Map.of(
            "servers",
            "edges",
            "hosts",
            "edges",
            "ports",
            "listeners",
            "proxy",
            "proxies",
            "isDefault",
            "default",
            "allow",
            "destinations",
            "idle",
            "outboundIdle");
    private static final Map<String, String> OTHER_EDGE_NAMES =
            Map.of("address", "addresses", "host", "addresses", "pin", "pins", "fingerprints", "pins");
    private static final Map<String, String> OTHER_LISTENER_NAMES = Map.of(
            "bind",
            "address",
            "bindAddress",
            "address",
            "sessions",
            "maxSessions",
            "passive",
            "passivePorts",
            "allow",
            "allowFrom",
            "deny",
            "denyFrom");

    private static final Duration SHORTEST_IDLE = Duration.ofSeconds(10);
    private static final Duration LONGEST_IDLE = Duration.ofHours(24);
    private static final int NETWORK_CHARACTERS = 65_000;
    private static final int ALL_NETWORK_CHARACTERS = 160_000;
    /** What an edge reads. */
    private static final int MOST_DESTINATIONS = 10_000;
    /** Of networks and destinations together; what else is in the message that tells an edge everything needs the rest. */
    private static final int MESSAGE_CHARACTERS = 200_000;

    private final YamlFields document;
    private final YamlFields spec;
    private final SecretFields secrets;
    private final Set<String> kept = new HashSet<>();
    private int networkCharacters;

    ZoneReader(YamlFields document, YamlFields spec, SecretFields secrets) {
        this.document = document;
        this.spec = spec;
        this.secrets = secrets;
    }

    Optional<ObjectDraft> read(String name) {
        Optional<ZoneName> zoneName = Names.read(document, name, ZoneName::new);
        List<Zone.Edge> edges = edges();
        Zone zone = new Zone(
                zoneName.orElse(new ZoneName("unreadable")),
                spec.read("description", Words::description).orElse(""),
                edges,
                listeners(),
                outbound(),
                spec.read("ownRoutes", Words::flag).orElse(false) ? Zone.OwnRoutes.ALLOWED : Zone.OwnRoutes.REFUSED);
        spec.finish(OTHER_NAMES);
        kept.addAll(secrets.kept());
        return zoneName.map(valid -> new ObjectDraft(zone, document.mark(), Optional.empty(), kept));
    }

    private Zone.Outbound outbound() {
        boolean offered = spec.read("outbound", Words::flag).orElse(false);
        boolean isDefault = spec.read("default", Words::flag).orElse(false);
        Optional<Zone.WhenDown> whenDown = spec.read("whenDown", Words.choice(Zone.WhenDown.class));
        Optional<List<String>> destinations = destinations();
        Optional<Duration> idle = spec.read("outboundIdle", Words.duration(SHORTEST_IDLE, LONGEST_IDLE));
        Optional<Zone.Proxies> proxies = proxies();
        if (!offered && isDefault) {
            spec.reject("default", "sites leave through the default zone, so it needs outbound: true");
        }
        if (!offered && whenDown.isPresent()) {
            spec.reject("whenDown", "says what connections to sites do, so it needs outbound: true");
        }
        for (String field : List.of("destinations", "outboundIdle", "proxies")) {
            if (!offered && spec.has(field)) {
                spec.reject(field, "is about connections to sites, so it needs outbound: true");
            }
        }
        if (spec.has("proxies")) {
            for (String field : List.of("destinations", "outboundIdle")) {
                if (spec.has(field)) {
                    spec.reject(field, "is for edges; where proxies connect to, and for how long, is theirs to say");
                }
            }
        } else if (offered && destinations.filter(some -> !some.isEmpty()).isEmpty()) {
            spec.missing(
                    "destinations",
                    "say where the edges may connect to, such as [\"sftp.bank.example:22\", \"203.0.113.0/24:21,990\"]");
        }
        return new Zone.Outbound(
                offered,
                isDefault,
                whenDown.orElse(ObjectDefaults.WHEN_DOWN),
                destinations.orElse(List.of()),
                idle.orElse(ObjectDefaults.OUTBOUND_IDLE),
                proxies);
    }

    private Optional<Zone.Proxies> proxies() {
        Optional<List<Zone.Proxy>> addresses = spec.readList("proxies", Zone.Proxy::parse);
        Optional<String> user = spec.read("proxyUser", ZoneReader::proxyLogin);
        Optional<SecretText> password = secrets.read(ObjectDraft.PROXY_PASSWORD);
        if (addresses.isPresent() && addresses.get().isEmpty()) {
            spec.reject("proxies", "give at least one, or leave the field out to go through the edges");
        }
        for (String field : List.of("proxyUser", ObjectDraft.PROXY_PASSWORD)) {
            if (spec.has(field) && !spec.has("proxies")) {
                spec.reject(field, "is the login at proxies");
            }
        }
        if (spec.has("proxyUser") != spec.has(ObjectDraft.PROXY_PASSWORD)) {
            spec.reject(
                    spec.has("proxyUser") ? "proxyUser" : ObjectDraft.PROXY_PASSWORD,
                    "a login at proxies needs proxyUser and proxyPassword");
        }
        return addresses.map(all -> new Zone.Proxies(all, user, password));
    }

    /** Bounded, as the networks are, by what fits into one message to an edge. */
    private Optional<List<String>> destinations() {
        Optional<List<String>> read = spec.readList("destinations", ZoneReader::destination);
        List<String> all = read.orElse(List.of());
        int characters = all.stream()
                .mapToInt(each -> each.getBytes(StandardCharsets.UTF_8).length + 3)
                .sum();
        if (all.size() > MOST_DESTINATIONS) {
            spec.reject(
                    "destinations",
                    "too many: " + all.size() + ", and an edge takes " + MOST_DESTINATIONS
                            + "; write ranges of addresses (203.0.113.0/24:22), or give some sites another zone");
        } else if (!all.isEmpty() && networkCharacters + characters > MESSAGE_CHARACTERS) {
            spec.reject(
                    "destinations",
                    "too long: they have " + characters + " characters and the networks of the listeners "
                            + networkCharacters + ", and an edge takes " + MESSAGE_CHARACTERS
                            + " together; write ranges of addresses (203.0.113.0/24:22), or give some sites another"
                            + " zone");
        }
        return read;
    }

    /** The server reads it as the edges will; here it is only kept from being something else altogether. */
    private static String destination(String text) {
        if (!text.matches("[^\\s]{1,300}:[-0-9,*]{1,200}")) {
            throw new IllegalArgumentException(
                    "expected a name, an address or a range of addresses, ':' and ports, such as 203.0.113.0/24:22,990");
        }
        return text;
    }

    private static String proxyLogin(String text) {
        if (text.isEmpty() || text.length() > 255 || text.chars().anyMatch(c -> c <= 0x20 || c >= 0x7f || c == ':')) {
            throw new IllegalArgumentException("expected a login name of 1 to 255 printable characters without ':'");
        }
        return text;
    }

    // ---- edges ----

    private List<Zone.Edge> edges() {
        List<Zone.Edge> edges = new ArrayList<>();
        Set<EdgeName> names = new HashSet<>();
        Set<HostPort> addresses = new HashSet<>();
        for (YamlFields fields : spec.mappings("edges").orElse(List.of())) {
            Zone.Edge edge = edge(fields);
            if (!names.add(edge.name())) {
                fields.reject("name", "another edge has this name");
            }
            edge.addresses().stream()
                    .filter(address -> !addresses.add(address))
                    .forEach(address -> fields.reject("addresses", address + " is given twice"));
            edges.add(edge);
        }
        if (!spec.has("edges") && !spec.has("proxies")) {
            spec.missing("edges", "give a list of edges with name and addresses; an empty list for none yet");
        }
        return edges;
    }

    private Zone.Edge edge(YamlFields fields) {
        Optional<EdgeName> name = fields.read("name", text -> named(EdgeName::new, text));
        if (!fields.has("name")) {
            fields.missing("name", "give the edge a name of letters, digits, '.', '_' and '-'");
        }
        Optional<List<HostPort>> addresses =
                fields.readList("addresses", text -> HostPort.parse(text, ObjectDefaults.LINK_PORT));
        if (addresses.isEmpty() || addresses.get().isEmpty()) {
            fields.missing("addresses", "give the addresses of the edge's link, such as [10.20.0.11:7443]");
        }
        Optional<List<String>> pins = fields.readList("pins", ZoneReader::pin);
        if (pins.isEmpty()) {
            name.ifPresent(valid -> kept.add(ObjectDraft.pins(valid)));
        } else if (pins.get().size() > 2) {
            fields.reject("pins", "at most two: the former key and the new one");
        }
        Zone.Edge edge = new Zone.Edge(
                name.orElse(new EdgeName("unreadable")),
                addresses.orElse(List.of()),
                new HashSet<>(pins.orElse(List.of())),
                fields.read("publicAddress", ZoneReader::ipv4),
                fields.read("passivePorts", ZoneReader::ports));
        fields.finish(OTHER_EDGE_NAMES);
        return edge;
    }

    private static <T> T named(java.util.function.Function<String, T> type, String text) {
        try {
            return type.apply(text);
        } catch (SeraiException e) {
            throw new IllegalArgumentException(e.text(), e);
        }
    }

    private static String pin(String text) {
        if (!text.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException(
                    "expected the SHA-256 of the edge's public key: 64 lower-case hexadecimal"
                            + " digits, as \"serai edges\" shows them");
        }
        return text;
    }

    private static String ipv4(String text) {
        if (AddressLiteral.parse(text).length != 4) {
            throw new IllegalArgumentException("expected an IPv4 address: FTP's PASV knows no other");
        }
        return text;
    }

    // ---- listeners ----

    private List<Zone.Listener> listeners() {
        List<Zone.Listener> listeners = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (YamlFields fields : spec.mappings("listeners").orElse(List.of())) {
            Zone.Listener listener = listener(fields);
            if (!names.add(listener.name())) {
                fields.reject("name", "another listener has this name");
            }
            for (Zone.Listener other : listeners) {
                boolean together = other.address().equals(listener.address())
                        || other.address().equals(ObjectDefaults.LISTENER_ADDRESS)
                        || listener.address().equals(ObjectDefaults.LISTENER_ADDRESS);
                if (together && other.port() == listener.port()) {
                    fields.reject("port", "the listener " + other.name() + " has this port");
                }
            }
            listeners.add(listener);
        }
        return listeners;
    }

    private Zone.Listener listener(YamlFields fields) {
        Optional<String> name = fields.read("name", ZoneReader::listenerName);
        if (!fields.has("name")) {
            fields.missing("name", "give the listener a name; sessions and the ledger show it");
        }
        Optional<Protocol> protocol = fields.read("protocol", Words.choice(Protocol.class));
        if (!fields.has("protocol")) {
            fields.missing("protocol", "write protocol: sftp, ftps or https");
        }
        Site.TlsMode tls = fields.read("tls", Words.choice(Site.TlsMode.class)).orElse(ObjectDefaults.TLS_MODE);
        Optional<String> passivePorts = fields.read("passivePorts", ZoneReader::ports);
        if (protocol.isPresent() && protocol.get() != Protocol.FTPS) {
            for (String field : List.of("tls", "passivePorts")) {
                if (fields.has(field)) {
                    fields.reject(field, "is for ftps only");
                }
            }
        }
        Zone.Mode mode = fields.read("mode", Words.choice(Zone.Mode.class)).orElse(Zone.Mode.SESSIONS);
        if (mode == Zone.Mode.TCP && protocol.isPresent() && protocol.get() == Protocol.FTPS) {
            fields.reject(
                    "mode",
                    "ftps cannot be passed through: its data connections have ports of their own; write mode: sessions");
        }
        Protocol spoken = protocol.orElse(Protocol.SFTP);
        Zone.Listener listener = new Zone.Listener(
                name.orElse("unreadable"),
                spoken,
                mode,
                fields.read("address", ZoneReader::literal).orElse(ObjectDefaults.LISTENER_ADDRESS),
                fields.read("port", Words.number(1, 65_535)).orElse(ObjectDefaults.port(spoken, tls)),
                tls,
                passivePorts,
                fields.read("maxSessions", Words.number(1, 100_000))
                        .map(OptionalInt::of)
                        .orElse(OptionalInt.empty()),
                networks(fields, "proxyProtocolFrom"),
                new Zone.Admission(
                        networks(fields, "allowFrom"),
                        networks(fields, "denyFrom"),
                        new Zone.Rates(
                                fields.read("connectionRate", Zone.Rate::parse),
                                fields.read("connectionRatePerAddress", Zone.Rate::parse),
                                fields.read("loginRate", Zone.Rate::parse))));
        fields.finish(OTHER_LISTENER_NAMES);
        return listener;
    }

    /** Bounded by what an edge takes as one option, and by what fits into one message to it. */
    private List<Network> networks(YamlFields fields, String field) {
        List<Network> networks = fields.readList(field, text -> Network.parse(Networks.cidr(text)))
                .orElse(List.of());
        int characters = networks.stream()
                .mapToInt(network -> network.toString().length() + 1)
                .sum();
        networkCharacters += characters;
        if (characters > NETWORK_CHARACTERS) {
            fields.reject(
                    field,
                    "too long: an edge takes " + NETWORK_CHARACTERS + " characters; join networks that are next"
                            + " to each other, or leave the list to a firewall");
        } else if (networkCharacters > ALL_NETWORK_CHARACTERS && characters > 0) {
            fields.reject(
                    field,
                    "too long: the networks of all listeners may have " + ALL_NETWORK_CHARACTERS
                            + " characters together");
        }
        return networks;
    }

    private static String listenerName(String text) {
        if (!text.matches("[a-z][a-z0-9-]{0,31}")) {
            throw new IllegalArgumentException(
                    "expected 1 to 32 lower-case letters, digits and '-', beginning with a letter");
        }
        return text;
    }

    private static String literal(String text) {
        var unused = AddressLiteral.parse(text);
        return text;
    }

    private static String ports(String text) {
        String[] ends = text.split("-", -1);
        if (ends.length == 2 && ends[0].matches("\\d{1,5}") && ends[1].matches("\\d{1,5}")) {
            int from = Integer.parseInt(ends[0]);
            int to = Integer.parseInt(ends[1]);
            if (from >= 1024 && to >= from && to <= 65_535) {
                return text;
            }
        }
        throw new IllegalArgumentException("expected a range of ports from 1024 to 65535, such as 50000-50999");
    }
}
