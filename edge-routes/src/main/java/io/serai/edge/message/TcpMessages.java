package io.serai.edge.message;

import io.serai.edge.ProtocolViolation;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** The messages of streams that carry a TCP connection. */
public final class TcpMessages {
    private static final int HOST_BYTES = 255;
    private static final int NAME_BYTES = 256;
    private static final int ADDRESS_BYTES = 16;
    private static final int PORT_LIMIT = 0xffff;

    private TcpMessages() {}

    /**
     * With the OPEN of TCP_CONNECT: where a server wants to be connected to.
     *
     * @param host a name, which the edge resolves, or an address; the edge decides whether it may be
     * @param purpose for the edge's log, such as the name of the site
     * @param together the same for all that belong together, such as the control and data connections of FTP, of which none
     *     is idle while another is not; 0 for one that is alone
     * @param reached the address of the name that was reached before, which is to be taken again; the edge looks whether
     *     the name has it still, and whether it is allowed
     */
    public record Connect(String host, int port, String purpose, long together, Optional<InetAddress> reached) {
        public Connect {
            if (together < 0) {
                throw new IllegalArgumentException("What belongs together has a number from 0");
            }
        }

        /** One that is alone. */
        public Connect(String host, int port, String purpose) {
            this(host, port, purpose, 0, Optional.empty());
        }

        public byte[] encode() {
            return new FieldWriter()
                    .text(1, host)
                    .number(2, port)
                    .text(3, purpose)
                    .number(4, together)
                    .bytes(5, reached.map(InetAddress::getAddress).orElse(new byte[0]))
                    .done();
        }

        public static Connect decode(byte[] payload) throws ProtocolViolation {
            String host = "";
            int port = 0;
            String purpose = "";
            long together = 0;
            Optional<InetAddress> reached = Optional.empty();
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> host = in.text(HOST_BYTES);
                    case 2 -> port = in.integer(PORT_LIMIT);
                    case 3 -> purpose = in.text(NAME_BYTES);
                    case 4 -> together = in.number(Long.MAX_VALUE);
                    case 5 -> reached = Optional.of(address(in.bytes(ADDRESS_BYTES)));
                    default -> {}
                }
            }
            if (host.isEmpty() || port == 0) {
                throw new ProtocolViolation("a TCP_CONNECT without host or port");
            }
            return new Connect(host, port, purpose, together, reached);
        }
    }

    /**
     * With the OPENED of TCP_CONNECT.
     *
     * @param remote the address that the edge has chosen and reached
     * @param local from where it did
     */
    public record Connected(InetSocketAddress remote, InetSocketAddress local) {
        public byte[] encode() {
            return new FieldWriter()
                    .bytes(1, remote.getAddress().getAddress())
                    .number(2, remote.getPort())
                    .bytes(3, local.getAddress().getAddress())
                    .number(4, local.getPort())
                    .done();
        }

        public static Connected decode(byte[] payload) throws ProtocolViolation {
            Addresses found = new Addresses();
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                found.take(in, 1);
            }
            return new Connected(found.first(), found.second());
        }
    }

    /**
     * With the OPEN of TCP_ACCEPTED: who has connected to the edge. Its OPENED is {@link Taken}.
     *
     * @param listener the listener's name on the edge; the server knows which of its own listeners that means
     * @param client the client's address as the edge has seen it
     * @param local the edge's own address of that connection
     * @param ticket with which the server may dial a raw connection for it; empty when its bytes go over the link
     */
    public record Accepted(
            String listener, InetSocketAddress client, InetSocketAddress local, Optional<RawTicket> ticket) {
        /** One whose bytes go over the link. */
        public Accepted(String listener, InetSocketAddress client, InetSocketAddress local) {
            this(listener, client, local, Optional.empty());
        }

        public byte[] encode() {
            return new FieldWriter()
                    .text(1, listener)
                    .bytes(2, client.getAddress().getAddress())
                    .number(3, client.getPort())
                    .bytes(4, local.getAddress().getAddress())
                    .number(5, local.getPort())
                    .bytes(6, ticket.map(RawTicket::encode).orElse(new byte[0]))
                    .done();
        }

        public static Accepted decode(byte[] payload) throws ProtocolViolation {
            String listener = "";
            Addresses found = new Addresses();
            Optional<RawTicket> ticket = Optional.empty();
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> listener = in.text(NAME_BYTES);
                    case 6 -> ticket = RawTicket.of(in.bytes(2 * RawTicket.HALF_BYTES));
                    default -> found.take(in, 2);
                }
            }
            if (listener.isEmpty()) {
                throw new ProtocolViolation("a TCP_ACCEPTED without a listener");
            }
            return new Accepted(listener, found.first(), found.second(), ticket);
        }
    }

    /**
     * With the OPENED of TCP_ACCEPTED.
     *
     * @param raw whether the bytes go by the raw connection that the edge has answered; else by the stream
     */
    public record Taken(boolean raw) {
        public byte[] encode() {
            return new FieldWriter().flag(1, raw).done();
        }

        public static Taken decode(byte[] payload) throws ProtocolViolation {
            boolean raw = false;
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                if (in.field() == 1) {
                    raw = in.flag();
                }
            }
            return new Taken(raw);
        }
    }

    /** Two addresses with their ports, in four fields that follow each other. */
    private static final class Addresses {
        private final byte[][] addresses = {new byte[0], new byte[0]};
        private final int[] ports = new int[2];

        void take(FieldReader in, int firstField) throws ProtocolViolation {
            int place = in.field() - firstField;
            if (place >= 0 && place < 4) {
                if (place % 2 == 0) {
                    addresses[place / 2] = in.bytes(ADDRESS_BYTES);
                } else {
                    ports[place / 2] = in.integer(PORT_LIMIT);
                }
            }
        }

        InetSocketAddress first() throws ProtocolViolation {
            return address(0);
        }

        InetSocketAddress second() throws ProtocolViolation {
            return address(1);
        }

        private InetSocketAddress address(int place) throws ProtocolViolation {
            return new InetSocketAddress(TcpMessages.address(addresses[place]), ports[place]);
        }
    }

    private static InetAddress address(byte[] bytes) throws ProtocolViolation {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new ProtocolViolation("an address of " + bytes.length + " bytes");
        }
    }
}
