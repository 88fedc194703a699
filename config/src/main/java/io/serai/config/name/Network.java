package io.serai.config.name;

import java.math.BigInteger;
import java.net.InetAddress;

/** A network such as {@code 10.0.0.0/8} or {@code 2001:db8::/32}, or one address; never asks a name server. */
public final class Network {
    private static final String EXPECTED = "expected a network such as 10.0.0.0/8 or 2001:db8::/32, or one address";

    private final String text;
    private final byte[] address;
    private final int prefix;

    private Network(String text, byte[] address, int prefix) {
        this.text = text;
        this.address = address;
        this.prefix = prefix;
    }

    /** @throws IllegalArgumentException that says what is expected */
    public static Network parse(String text) {
        int slash = text.indexOf('/');
        String literal = slash < 0 ? text : text.substring(0, slash);
        byte[] address = address(literal);
        String length = slash < 0 ? Integer.toString(address.length * 8) : text.substring(slash + 1);
        if (!length.matches("\\d{1,3}") || Integer.parseInt(length) > address.length * 8) {
            throw new IllegalArgumentException(EXPECTED);
        }
        return new Network(text, address, Integer.parseInt(length));
    }

    private static byte[] address(String literal) {
        try {
            return AddressLiteral.parse(literal);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(EXPECTED, e);
        }
    }

    public boolean contains(InetAddress other) {
        byte[] bytes = other.getAddress();
        return bytes.length == address.length && head(bytes).equals(head(address));
    }

    private BigInteger head(byte[] bytes) {
        return new BigInteger(1, bytes).shiftRight(bytes.length * 8 - prefix);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Network network && network.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }
}
