package io.serai.config.name;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** An IPv4 or IPv6 address as it is written; never asks a name server, whose owner could change the answer. */
public final class AddressLiteral {
    private static final String OCTET = "(25[0-5]|2[0-4]\\d|[01]?\\d?\\d)";
    /** Whatever matches is an address or an error for Java, and never a name. */
    private static final Pattern LITERAL =
            Pattern.compile(OCTET + "(\\." + OCTET + "){3}|(?!\\.)[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

    private AddressLiteral() {}

    /**
     * The 4 or 16 bytes of the address.
     *
     * @throws IllegalArgumentException when it is not one
     */
    public static byte[] parse(String text) {
        if (!LITERAL.matcher(text).matches()) {
            throw new IllegalArgumentException("not an address: " + text);
        }
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("not an address: " + text, e);
        }
    }
}
