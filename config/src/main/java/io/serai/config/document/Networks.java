package io.serai.config.document;

import io.serai.config.name.AddressLiteral;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;

/** Networks and hosts as they stand in documents; never asks a name server. */
final class Networks {
    private static final Pattern V6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9.])?");

    private Networks() {}

    /** {@code 10.0.0.0/8}, {@code 2001:db8::/32}, or one address. */
    static String cidr(String text) {
        int slash = text.indexOf('/');
        byte[] address = address(slash < 0 ? text : text.substring(0, slash));
        int bits = address.length * 8;
        int prefix = slash < 0 ? bits : prefix(text.substring(slash + 1), bits);
        byte[] network = address.clone();
        for (int bit = prefix; bit < bits; bit++) {
            network[bit / 8] &= (byte) ~(0x80 >> (bit % 8));
        }
        if (!Arrays.equals(network, address)) {
            throw new IllegalArgumentException(
                    "has bits after the prefix; did you mean \"" + print(network) + "/" + prefix + "\"?");
        }
        return text;
    }

    /** A host name, an IPv4 address or an IPv6 address. */
    static String host(String text) {
        if (text.contains("://") || text.contains("/")) {
            throw new IllegalArgumentException("expected the host only, without protocol and path");
        }
        if (V6.matcher(text).matches()) {
            address(text);
        } else if (!HOST.matcher(text).matches()) {
            throw new IllegalArgumentException("expected a host name or an IP address");
        }
        return text;
    }

    private static byte[] address(String text) {
        try {
            return AddressLiteral.parse(text);
        } catch (IllegalArgumentException e) {
            throw notANetwork(e);
        }
    }

    private static int prefix(String text, int bits) {
        if (text.matches("\\d{1,3}") && Integer.parseInt(text) <= bits) {
            return Integer.parseInt(text);
        }
        throw new IllegalArgumentException("expected a prefix from 0 to " + bits + " after the slash");
    }

    private static String print(byte[] network) {
        try {
            return InetAddress.getByAddress(network).getHostAddress();
        } catch (UnknownHostException e) {
            throw notANetwork(e);
        }
    }

    private static IllegalArgumentException notANetwork(Throwable cause) {
        return new IllegalArgumentException(
                "expected a network such as 10.0.0.0/8 or 2001:db8::/32, or one address", cause);
    }
}
