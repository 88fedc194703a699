package io.serai.route.session;

import io.serai.config.name.AddressLiteral;
import io.serai.endpoint.PartnerOperation;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** A network in CIDR form, IPv4 or IPv6; a single address is a network of one. */
public record AddressRange(byte[] network, int bits) {
    /** Neither an address nor the name of an edge holds it. */
    private static final char ASSERTED_BY = '@';

    /** @throws IllegalArgumentException for what is not a literal address with an optional prefix length */
    public static AddressRange parse(String text) {
        int slash = text.indexOf('/');
        byte[] address = AddressLiteral.parse(slash < 0 ? text : text.substring(0, slash));
        int bits = slash < 0 ? address.length * 8 : Integer.parseInt(text.substring(slash + 1));
        if (bits < 0 || bits > address.length * 8) {
            throw new IllegalArgumentException("not a network: " + text);
        }
        return new AddressRange(address, bits);
    }

    /** In CIDR form, with zeros behind the prefix. */
    public String canonical() {
        byte[] masked = network.clone();
        for (int bit = bits; bit < masked.length * 8; bit++) {
            masked[bit / 8] &= (byte) ~(0x80 >> (bit % 8));
        }
        try {
            return InetAddress.getByAddress(masked).getHostAddress() + "/" + bits;
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is valid", e);
        }
    }

    /** Its first address as it was given. */
    InetAddress address() {
        try {
            return InetAddress.getByAddress(network);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is valid", e);
        }
    }

    boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length != network.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit += 8) {
            int mask = bits - bit >= 8 ? 0xff : 0xff << (8 - (bits - bit)) & 0xff;
            if (((bytes[bit / 8] ^ network[bit / 8]) & mask) != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * What failures of a session are counted by. An address that an edge asserts is its own, with the edge behind it: what an
     * edge makes up counts neither against those who connect here from that address, nor for other edges.
     */
    static String origin(PartnerOperation.Origin session) {
        String address = origin(session.client().getAddress());
        return session.edge().map(edge -> address + ASSERTED_BY + edge).orElse(address);
    }

    /** The address in what failures are counted by. */
    static AddressRange ofOrigin(String origin) {
        int edge = origin.indexOf(ASSERTED_BY);
        return parse(edge < 0 ? origin : origin.substring(0, edge));
    }

    /** What failures are counted by: the address, or the /64 network of an IPv6 address. */
    static String origin(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return address.getHostAddress();
        }
        // Without the interface that a link-local address came by, which would not be a network any more.
        byte[] bytes = address.getAddress();
        for (int i = 8; i < bytes.length; i++) {
            bytes[i] = 0;
        }
        try {
            return InetAddress.getByAddress(bytes).getHostAddress() + "/64";
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 16 bytes is valid", e);
        }
    }
}
