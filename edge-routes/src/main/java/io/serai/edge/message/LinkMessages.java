package io.serai.edge.message;

import io.serai.edge.ProtocolViolation;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The messages that the link itself speaks: HELLO, LINK_STATUS, BYE and the text of a failure. */
public final class LinkMessages {
    private static final int NAME_BYTES = 256;
    private static final int TEXT_BYTES = 2_048;
    private static final int CAPABILITIES = 64;
    private static final int WINDOW_BYTES = 64 << 20;

    private LinkMessages() {}

    /** What a connection is for. */
    public enum ConnectionClass {
        CONTROL,
        DATA
    }

    /**
     * The first frame of both sides. The edge answers the server's and repeats its link id, class and index.
     *
     * @param minorMin the oldest minor version that the sender speaks
     * @param minorMax the newest; the lower of both sides' newest is spoken
     * @param node the name of the server or edge
     * @param cluster the cluster that both belong to
     * @param boot random, new at each start of the process
     * @param link random, new for each link; all connections of a link carry it
     * @param index the place among the connections of that class, from 0
     * @param earlyWindow the bytes of an upload that may be sent before OPENED has come
     * @param maxStreams open streams on this connection
     * @param maxInFlight unanswered requests on this connection
     * @param clockMs the sender's clock, in milliseconds since 1970
     */
    public record Hello(
            int minorMin,
            int minorMax,
            String node,
            String cluster,
            UUID boot,
            UUID link,
            ConnectionClass connectionClass,
            int index,
            String software,
            List<String> capabilities,
            int earlyWindow,
            int maxStreams,
            int maxInFlight,
            long clockMs,
            String zone) {
        public Hello {
            capabilities = List.copyOf(capabilities);
        }

        public byte[] encode() {
            return new FieldWriter()
                    .number(1, minorMin)
                    .number(2, minorMax)
                    .text(3, node)
                    .text(4, cluster)
                    .uuid(5, boot)
                    .uuid(6, link)
                    .number(7, connectionClass.ordinal() + 1)
                    .number(8, index)
                    .text(9, software)
                    .texts(10, capabilities)
                    .number(11, earlyWindow)
                    .number(12, maxStreams)
                    .number(13, maxInFlight)
                    .number(14, clockMs)
                    .text(15, zone)
                    .done();
        }

        public static Hello decode(byte[] payload) throws ProtocolViolation {
            int[] numbers = new int[16];
            String[] texts = {"", "", "", ""};
            UUID boot = new UUID(0, 0);
            UUID link = new UUID(0, 0);
            long clockMs = 0;
            List<String> capabilities = new ArrayList<>();
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1, 2, 8 -> numbers[in.field()] = in.integer(0xffff);
                    case 3 -> texts[0] = PlainText.of(in.text(NAME_BYTES), NAME_BYTES);
                    case 4 -> texts[1] = in.text(NAME_BYTES);
                    case 5 -> boot = in.uuid();
                    case 6 -> link = in.uuid();
                    case 7 -> numbers[7] = in.integer(ConnectionClass.values().length);
                    case 9 -> texts[2] = PlainText.of(in.text(NAME_BYTES), NAME_BYTES);
                    case 10 -> addLimited(capabilities, in.text(NAME_BYTES));
                    case 11, 12, 13 -> numbers[in.field()] = in.integer(WINDOW_BYTES);
                    case 14 -> clockMs = in.number(Long.MAX_VALUE);
                    case 15 -> texts[3] = PlainText.of(in.text(NAME_BYTES), NAME_BYTES);
                    default -> {}
                }
            }
            if (numbers[7] == 0 || numbers[1] > numbers[2] || texts[0].isEmpty()) {
                throw new ProtocolViolation("a HELLO without connection class, version or name");
            }
            return new Hello(
                    numbers[1],
                    numbers[2],
                    texts[0],
                    texts[1],
                    boot,
                    link,
                    ConnectionClass.values()[numbers[7] - 1],
                    numbers[8],
                    texts[2],
                    capabilities,
                    numbers[11],
                    numbers[12],
                    numbers[13],
                    clockMs,
                    texts[3]);
        }

        private static void addLimited(List<String> capabilities, String name) throws ProtocolViolation {
            if (capabilities.size() == CAPABILITIES) {
                throw new ProtocolViolation("more than " + CAPABILITIES + " capabilities");
            }
            capabilities.add(name);
        }
    }

    /**
     * How the sender is.
     *
     * @param draining no new sessions, please; what runs goes on
     * @param retiring this one connection is being replaced: nothing new on it
     * @param retryAfterMs when a new session may be tried again; 0 when nothing is said
     * @param wantedDataConnections how many the edge would like; 0 when it does not care
     * @param load open sessions and streams
     */
    public record LinkStatus(
            boolean draining, boolean retiring, long retryAfterMs, int wantedDataConnections, int load) {
        public byte[] encode() {
            return new FieldWriter()
                    .flag(1, draining)
                    .flag(2, retiring)
                    .number(3, retryAfterMs)
                    .number(4, wantedDataConnections)
                    .number(5, load)
                    .done();
        }

        public static LinkStatus decode(byte[] payload) throws ProtocolViolation {
            boolean draining = false;
            boolean retiring = false;
            long retryAfterMs = 0;
            int wanted = 0;
            int load = 0;
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> draining = in.flag();
                    case 2 -> retiring = in.flag();
                    case 3 -> retryAfterMs = in.number(Integer.MAX_VALUE);
                    case 4 -> wanted = in.integer(256);
                    case 5 -> load = in.integer(Integer.MAX_VALUE);
                    default -> {}
                }
            }
            return new LinkStatus(draining, retiring, retryAfterMs, wanted, load);
        }
    }

    /** Why a connection ends. Numbers are never used again. */
    public enum ByeCode {
        UNKNOWN,
        /** The node stops, or the link was drained. */
        SHUTDOWN,
        /** This connection was replaced. */
        RETIRED,
        /** No minor version in common. */
        VERSION,
        /** The clocks differ by more than is allowed. */
        CLOCK,
        /** Another node, cluster or boot than expected. */
        IDENTITY,
        /** The link is not known any more: give it up and begin a new one. */
        LINK_GONE,
        PROTOCOL,
        FLOW_CONTROL,
        /** The peer does not read what it is sent. */
        BACKLOG,
        /** More connections than wanted. */
        BUSY
    }

    /** The last frame. */
    public record Bye(ByeCode code, String text) {
        public byte[] encode() {
            return new FieldWriter().number(1, code.ordinal()).text(2, text).done();
        }

        public static Bye decode(byte[] payload) throws ProtocolViolation {
            int code = 0;
            String text = "";
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> code = in.integer(0xffff);
                    case 2 -> text = PlainText.of(in.text(TEXT_BYTES), TEXT_BYTES);
                    default -> {}
                }
            }
            ByeCode[] known = ByeCode.values();
            return new Bye(code < known.length ? known[code] : ByeCode.UNKNOWN, text);
        }
    }

    /**
     * What goes with a REPLY or RESULT other than OK.
     *
     * @param text for our own logs and, where the protocol shows texts, for the partner
     * @param retryAfterMs with BUSY: when to try again; 0 when nothing is said
     */
    public record Failure(String text, long retryAfterMs) {
        public byte[] encode() {
            return new FieldWriter()
                    .text(1, text.length() > 500 ? text.substring(0, 500) : text)
                    .number(2, retryAfterMs)
                    .done();
        }

        public static Failure decode(byte[] payload) throws ProtocolViolation {
            String text = "";
            long retryAfterMs = 0;
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> text = in.text(TEXT_BYTES);
                    case 2 -> retryAfterMs = in.number(Integer.MAX_VALUE);
                    default -> {}
                }
            }
            return new Failure(text, retryAfterMs);
        }
    }
}
