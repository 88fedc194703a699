package io.serai.config.name;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A host and a port, written {@code host:port} or {@code [2001:db8::1]:port}; never asks a name server.
 *
 * @param host a name, an IPv4 address, or an IPv6 address without brackets
 */
public record HostPort(String host, int port) {
    private static final Pattern TEXT = Pattern.compile("(?:\\[([0-9A-Fa-f:.]+)]|([^:\\[\\]]+))(?::(\\d{1,5}))?");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9.])?");

    public HostPort {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("expected a port from 1 to 65535");
        }
        if (host.contains(":")) {
            var unused = AddressLiteral.parse(host);
        } else if (!NAME.matcher(host).matches()) {
            throw new IllegalArgumentException("expected a host name or an IP address");
        }
    }

    /** Reads what {@link #toString} writes, and a host alone, which has the usual port. */
    public static HostPort parse(String text, int usualPort) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("expected host:port, or [IPv6 address]:port");
        }
        String host = parts.group(1) != null ? parts.group(1) : parts.group(2);
        return new HostPort(host, parts.group(3) == null ? usualPort : Integer.parseInt(parts.group(3)));
    }

    @Override
    public String toString() {
        return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
    }
}
