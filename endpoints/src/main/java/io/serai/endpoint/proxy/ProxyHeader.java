package io.serai.endpoint.proxy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The header of the PROXY protocol, version 2 (HAProxy's proxy-protocol.txt, section 2.2), which comes before the first
 * byte of a connection.
 *
 * @param client whose connection it is; empty when it is the balancer's own (LOCAL), a health check
 */
public record ProxyHeader(Optional<InetSocketAddress> client) {
    /** Signature, version and command, family, length. */
    public static final int FIXED_BYTES = 16;

    /** The longest header that is read; addresses take 36 bytes at most, the rest are extensions of no use here. */
    public static final int MAX_BYTES = 1024;

    private static final byte[] SIGNATURE = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};
    private static final int LOCAL = 0x20;
    private static final int PROXY = 0x21;
    private static final int TCP_OVER_IPV4 = 0x11;
    private static final int TCP_OVER_IPV6 = 0x21;

    /**
     * Reads the header at the buffer's position, and moves the position behind it; empty, and the position is as it was,
     * when more bytes are needed.
     *
     * @throws SeraiException {@code INVALID} as soon as the bytes cannot become a header
     */
    public static Optional<ProxyHeader> read(ByteBuffer bytes) {
        ByteBuffer view = bytes.slice();
        for (int i = 0; i < Math.min(SIGNATURE.length, view.remaining()); i++) {
            if (view.get(i) != SIGNATURE[i]) {
                throw bad("it does not begin with the signature of version 2");
            }
        }
        if (view.remaining() < FIXED_BYTES) {
            return Optional.empty();
        }
        int command = view.get(SIGNATURE.length) & 0xff;
        int family = view.get(SIGNATURE.length + 1) & 0xff;
        int length = view.getShort(SIGNATURE.length + 2) & 0xffff;
        if (FIXED_BYTES + length > MAX_BYTES) {
            throw bad("it is longer than " + MAX_BYTES + " bytes");
        }
        if (command != LOCAL && command != PROXY) {
            throw bad("its version or command is unknown");
        }
        if (view.remaining() < FIXED_BYTES + length) {
            return Optional.empty();
        }
        view.position(FIXED_BYTES).limit(FIXED_BYTES + length);
        Optional<InetSocketAddress> client = command == LOCAL ? Optional.empty() : Optional.of(client(family, view));
        bytes.position(bytes.position() + FIXED_BYTES + length);
        return Optional.of(new ProxyHeader(client));
    }

    private static InetSocketAddress client(int family, ByteBuffer addresses) {
        int addressBytes = switch (family) {
            case TCP_OVER_IPV4 -> 4;
            case TCP_OVER_IPV6 -> 16;
            default -> throw bad("it names no TCP connection");
        };
        if (addresses.remaining() < 2 * addressBytes + 4) {
            throw bad("it is too short for its addresses");
        }
        byte[] source = new byte[addressBytes];
        addresses.get(source);
        int port = addresses.getShort(addresses.position() + addressBytes) & 0xffff;
        try {
            return new InetSocketAddress(InetAddress.getByAddress(source), port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("4 or 16 bytes are an address", e);
        }
    }

    private static SeraiException bad(String why) {
        return new SeraiException(
                ErrorCode.INVALID,
                "A load balancer's PROXY header is bad: " + why
                        + "; have the balancer send version 2 (HAProxy: send-proxy-v2)");
    }
}
