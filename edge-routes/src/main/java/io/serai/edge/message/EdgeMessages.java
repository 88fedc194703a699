package io.serai.edge.message;

import io.serai.edge.ProtocolViolation;
import java.util.ArrayList;
import java.util.List;

/** The messages about edges themselves: who its servers are, and how it becomes an edge. */
public final class EdgeMessages {
    private static final int NAME_BYTES = 256;
    private static final int PIN_BYTES = 64;
    private static final int MOST_SERVERS = 1_000;

    private EdgeMessages() {}

    /** A server's name and the pin of its link's key. */
    public record ServerPin(String node, String pin) {}

    /**
     * The servers that may hold links to an edge.
     *
     * @param revision grows with each change; an edge takes no older list than it has
     */
    public record Servers(long revision, List<ServerPin> pins) {
        public Servers {
            pins = List.copyOf(pins);
        }

        public byte[] encode() {
            return writer().done();
        }

        private FieldWriter writer() {
            FieldWriter out = new FieldWriter().number(1, revision);
            for (ServerPin pin : pins) {
                out.message(2, new FieldWriter().text(1, pin.node()).text(2, pin.pin()));
            }
            return out;
        }

        public static Servers decode(byte[] payload) throws ProtocolViolation {
            return decode(new FieldReader(payload));
        }

        private static Servers decode(FieldReader in) throws ProtocolViolation {
            long revision = 0;
            List<ServerPin> pins = new ArrayList<>();
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> revision = in.number(Long.MAX_VALUE);
                    case 2 -> {
                        if (pins.size() == MOST_SERVERS) {
                            throw new ProtocolViolation("more than " + MOST_SERVERS + " servers");
                        }
                        pins.add(pin(in.message()));
                    }
                    default -> {}
                }
            }
            return new Servers(revision, pins);
        }

        private static ServerPin pin(FieldReader in) throws ProtocolViolation {
            String node = "";
            String pin = "";
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> node = in.text(NAME_BYTES);
                    case 2 -> pin = in.text(PIN_BYTES);
                    default -> {}
                }
            }
            if (!node.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}") || !pin.matches("[0-9a-f]{64}")) {
                throw new ProtocolViolation("a server without a name or pin");
            }
            return new ServerPin(node, pin);
        }
    }

    /**
     * What makes a machine an edge.
     *
     * @param cluster the cluster whose edge it becomes
     * @param edge its name there
     */
    public record Grant(String cluster, String edge, Servers servers) {
        public byte[] encode() {
            return new FieldWriter()
                    .text(1, cluster)
                    .text(2, edge)
                    .message(3, servers.writer())
                    .done();
        }

        public static Grant decode(byte[] payload) throws ProtocolViolation {
            String cluster = "";
            String edge = "";
            Servers servers = new Servers(0, List.of());
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> cluster = in.text(NAME_BYTES);
                    case 2 -> edge = in.text(NAME_BYTES);
                    case 3 -> servers = Servers.decode(in.message());
                    default -> {}
                }
            }
            if (!cluster.matches("[A-Za-z0-9-]{1,64}") || !edge.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
                throw new ProtocolViolation("a grant without a cluster or name");
            }
            return new Grant(cluster, edge, servers);
        }
    }

    /**
     * How an edge is, by which it also asks for its configuration.
     *
     * @param digest of the configuration that it has in force; empty when it has none
     * @param sessions that partners have there
     * @param problem why it could not put a newer one in force; empty when it could
     * @param routes where its routes come from
     */
    public record EdgeState(String digest, int sessions, String problem, Routes routes) {
        /** Who says what an edge offers to partners. */
        public enum Routes {
            OF_SERVERS,
            /** Its own files do; of the listeners of its zone it takes the keys alone. */
            OWN
        }

        public EdgeState(String digest, int sessions, String problem) {
            this(digest, sessions, problem, Routes.OF_SERVERS);
        }

        public byte[] encode() {
            return new FieldWriter()
                    .text(1, digest)
                    .number(2, sessions)
                    .text(3, problem.length() > 500 ? problem.substring(0, 500) : problem)
                    .flag(4, routes == Routes.OWN)
                    .done();
        }

        public static EdgeState decode(byte[] payload) throws ProtocolViolation {
            String digest = "";
            int sessions = 0;
            String problem = "";
            Routes routes = Routes.OF_SERVERS;
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> digest = PlainText.of(in.text(PIN_BYTES), PIN_BYTES);
                    case 2 -> sessions = in.integer(Integer.MAX_VALUE);
                    case 3 -> problem = PlainText.of(in.text(2_048), 2_048);
                    case 4 -> routes = in.flag() ? Routes.OWN : Routes.OF_SERVERS;
                    default -> {}
                }
            }
            return new EdgeState(digest, sessions, problem, routes);
        }
    }

    /** A file of a listener's identity: a host key, the certificate or its key. Held in memory alone. */
    public record IdentityFile(String name, String text) {
        @Override
        public String toString() {
            return "IdentityFile[" + name + "]";
        }
    }

    /**
     * A port for partners.
     *
     * @param protocol {@code sftp}, {@code ftps} or {@code https}
     * @param options of its endpoint, as {@code name=value}
     */
    public record Offer(String name, String protocol, List<String> options) {
        public Offer {
            options = List.copyOf(options);
        }
    }

    /**
     * Where an edge may connect to for servers.
     *
     * @param destinations rules as {@code io.serai.edge.tcp.Destinations} reads them; nothing else is allowed
     * @param idleMillis a connection on which nothing moves for this time is cut; 0 only where there are no destinations
     */
    public record Outbound(List<String> destinations, long idleMillis) {
        public static final Outbound NOWHERE = new Outbound(List.of(), 0);
        private static final int MOST_RULES = 10_000;
        private static final int RULE_BYTES = 1_024;

        public Outbound {
            destinations = List.copyOf(destinations);
        }

        private FieldWriter writer() {
            return new FieldWriter().texts(1, destinations).number(2, idleMillis);
        }

        private static Outbound decode(FieldReader in) throws ProtocolViolation {
            List<String> destinations = new ArrayList<>();
            long idleMillis = 0;
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> destinations.add(in.text(RULE_BYTES));
                    case 2 -> idleMillis = in.number(Integer.MAX_VALUE);
                    default -> {}
                }
                if (destinations.size() > MOST_RULES) {
                    throw new ProtocolViolation("more than " + MOST_RULES + " destinations");
                }
            }
            return new Outbound(destinations, idleMillis);
        }
    }

    /**
     * Everything that an edge works with.
     *
     * @param zone the zone that the edge belongs to
     * @param revision of what it was made from: of two that differ the higher one is newer
     * @param draining whether it is to take no more partners
     * @param outbound where it may connect to for servers
     */
    public record EdgeConfig(
            String zone,
            long revision,
            Servers servers,
            List<Offer> offers,
            List<IdentityFile> identity,
            boolean draining,
            Outbound outbound) {
        private static final int MOST = 256;
        private static final int TEXT_BYTES = 64 << 10;

        /** One that is not drained and connects to nothing. */
        public EdgeConfig(
                String zone, long revision, Servers servers, List<Offer> offers, List<IdentityFile> identity) {
            this(zone, revision, servers, offers, identity, false, Outbound.NOWHERE);
        }

        public EdgeConfig {
            offers = List.copyOf(offers);
            identity = List.copyOf(identity);
        }

        /** What tells two configurations apart; the revision does not. */
        public String digest() {
            try {
                return java.util.HexFormat.of()
                        .formatHex(java.security.MessageDigest.getInstance("SHA-256")
                                .digest(last(writer()).done()));
            } catch (java.security.NoSuchAlgorithmException e) {
                throw new IllegalStateException("This JVM has no SHA-256", e);
            }
        }

        public byte[] encode() {
            return last(writer().number(5, revision)).done();
        }

        private FieldWriter writer() {
            FieldWriter out = new FieldWriter().text(1, zone).message(2, servers.writer());
            for (Offer offer : offers) {
                out.message(
                        3,
                        new FieldWriter()
                                .text(1, offer.name())
                                .text(2, offer.protocol())
                                .texts(3, offer.options()));
            }
            for (IdentityFile file : identity) {
                out.message(4, new FieldWriter().text(1, file.name()).text(2, file.text()));
            }
            return out;
        }

        /** The fields behind the revision. */
        private FieldWriter last(FieldWriter out) {
            out.flag(6, draining);
            return outbound.equals(Outbound.NOWHERE) ? out : out.message(7, outbound.writer());
        }

        public static EdgeConfig decode(byte[] payload) throws ProtocolViolation {
            String zone = "";
            long revision = 0;
            Servers servers = new Servers(0, List.of());
            List<Offer> offers = new ArrayList<>();
            List<IdentityFile> identity = new ArrayList<>();
            boolean draining = false;
            Outbound outbound = Outbound.NOWHERE;
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> zone = in.text(NAME_BYTES);
                    case 2 -> servers = Servers.decode(in.message());
                    case 3 -> offers.add(offer(in.message()));
                    case 4 -> identity.add(file(in.message()));
                    case 5 -> revision = in.number(Long.MAX_VALUE);
                    case 6 -> draining = in.flag();
                    case 7 -> outbound = Outbound.decode(in.message());
                    default -> {}
                }
                if (offers.size() > MOST || identity.size() > MOST) {
                    throw new ProtocolViolation("a configuration of more than " + MOST + " listeners or files");
                }
            }
            return new EdgeConfig(zone, revision, servers, offers, identity, draining, outbound);
        }

        private static Offer offer(FieldReader in) throws ProtocolViolation {
            String name = "";
            String protocol = "";
            List<String> options = new ArrayList<>();
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> name = in.text(NAME_BYTES);
                    case 2 -> protocol = in.text(NAME_BYTES);
                    case 3 -> options.add(in.text(TEXT_BYTES));
                    default -> {}
                }
                if (options.size() > MOST) {
                    throw new ProtocolViolation("a listener of more than " + MOST + " options");
                }
            }
            return new Offer(name, protocol, options);
        }

        private static IdentityFile file(FieldReader in) throws ProtocolViolation {
            String name = "";
            String text = "";
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> name = in.text(NAME_BYTES);
                    case 2 -> text = in.text(TEXT_BYTES);
                    default -> {}
                }
            }
            return new IdentityFile(name, text);
        }

        @Override
        public String toString() {
            return "EdgeConfig[" + zone + ", revision " + revision + ", " + offers + "]";
        }
    }
}
