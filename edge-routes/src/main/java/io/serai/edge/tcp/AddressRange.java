package io.serai.edge.tcp;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;

/**
 * All addresses that begin with the same bits.
 *
 * @param bits how many
 */
record AddressRange(InetAddress first, int bits) {
    /** Addresses that lead to this host, this site or many hosts, be it by way of a translation. */
    private static final List<AddressRange> SPECIAL = List.of(
            constant("0.0.0.0/8"),
            constant("10.0.0.0/8"),
            constant("100.64.0.0/10"),
            constant("127.0.0.0/8"),
            constant("169.254.0.0/16"),
            constant("172.16.0.0/12"),
            constant("192.0.0.0/24"),
            constant("192.168.0.0/16"),
            constant("198.18.0.0/15"),
            constant("224.0.0.0/4"),
            constant("240.0.0.0/4"),
            constant("::/96"),
            constant("64:ff9b::/96"),
            constant("64:ff9b:1::/48"),
            constant("100::/64"),
            constant("2001::/32"),
            constant("2002::/16"),
            constant("fc00::/7"),
            constant("fe80::/10"),
            constant("fec0::/10"),
            constant("ff00::/8"));

    AddressRange {
        if (bits < 0 || bits > 8 * first.getAddress().length) {
            throw new IllegalArgumentException(
                    "an address of " + 8 * first.getAddress().length + " bits has no " + bits);
        }
    }

    private static AddressRange constant(String text) {
        return parse(text).orElseThrow();
    }

    /** Reads {@code 203.0.113.0/24}, {@code 2001:db8::/32} or a single address; empty for anything else. */
    static Optional<AddressRange> parse(String text) {
        int slash = text.indexOf('/');
        Optional<InetAddress> first = literal(slash < 0 ? text : text.substring(0, slash));
        if (first.isEmpty()) {
            return Optional.empty();
        }
        int most = 8 * first.get().getAddress().length;
        if (slash < 0) {
            return Optional.of(new AddressRange(first.get(), most));
        }
        String bits = text.substring(slash + 1);
        if (!bits.matches("[0-9]{1,3}") || Integer.parseInt(bits) > most) {
            return Optional.empty();
        }
        return Optional.of(new AddressRange(first.get(), Integer.parseInt(bits)));
    }

    /** The address that this text is; it is never asked for as a name. */
    static Optional<InetAddress> literal(String text) {
        boolean odd = text.indexOf('%') >= 0 || text.indexOf('[') >= 0;
        byte[] bytes = odd ? null : NetUtil.createByteArrayFromIpAddressString(text);
        if (bytes == null) {
            return Optional.empty();
        }
        try {
            InetAddress address = InetAddress.getByAddress(bytes);
            // An IPv4 address in the clothes of an IPv6 one would be a way around rules for either.
            boolean mapped = text.indexOf(':') >= 0 && address.getAddress().length == 4;
            return mapped ? Optional.empty() : Optional.of(address);
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    boolean contains(InetAddress address) {
        byte[] mine = first.getAddress();
        byte[] other = address.getAddress();
        if (mine.length != other.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit += 8) {
            int mask = 0xff << Math.max(0, 8 - (bits - bit));
            if (((mine[bit / 8] ^ other[bit / 8]) & mask & 0xff) != 0) {
                return false;
            }
        }
        return true;
    }

    boolean contains(AddressRange other) {
        return bits <= other.bits && contains(other.first);
    }

    /** Whether nobody may be let there by a rule that does not say so. */
    static boolean isSpecial(InetAddress address) {
        return SPECIAL.stream().anyMatch(range -> range.contains(address));
    }

    /** Whether this range lies within the special one of that address, and so was meant. */
    boolean isMeantFor(InetAddress address) {
        return SPECIAL.stream().anyMatch(range -> range.contains(address) && range.contains(this));
    }
}
