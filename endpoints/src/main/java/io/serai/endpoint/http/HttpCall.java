package io.serai.endpoint.http;

import io.serai.config.object.Protocol;
import io.serai.endpoint.PartnerOperation.Origin;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The head of a request, as workers see it. Where the client is comes from its connection alone; no header changes it.
 *
 * @param path the canonical path
 * @param authority host and port as the client calls us; outside text that decides nothing but whether a URL in a header
 *     is on the same host
 * @param query the parameters behind the question mark
 * @param body of a small PUT, as far as it has come
 */
record HttpCall(
        String method,
        RequestPath path,
        Optional<String> authority,
        MultiMap headers,
        MultiMap query,
        Origin origin,
        Optional<Credentials> credentials,
        Optional<EarlyBody> body) {
    private static final int LONGEST_SOFTWARE = 128;

    static HttpCall of(HttpServerRequest request, String listener) {
        String raw = request.path();
        return new HttpCall(
                request.method().name(),
                RequestPath.parse(raw == null ? "/" : raw),
                Optional.ofNullable(request.authority()).map(HostAndPort::toString),
                request.headers(),
                request.params(),
                new Origin(
                        Protocol.HTTPS,
                        listener,
                        address(request.connection().remoteAddress()),
                        address(request.connection().localAddress()),
                        software(request.getHeader("User-Agent"))),
                Credentials.parse(request.getHeader("Authorization")),
                Optional.empty());
    }

    HttpCall with(EarlyBody early) {
        return new HttpCall(method, path, authority, headers, query, origin, credentials, Optional.of(early));
    }

    /** Whether the client would rather read this than JSON. */
    boolean prefers(String contentType) {
        return acceptsExplicitly(headers, contentType);
    }

    static boolean acceptsExplicitly(MultiMap headers, String contentType) {
        String accept = headers.get("Accept");
        return accept != null && accept.contains(contentType);
    }

    private static Optional<String> software(@Nullable String userAgent) {
        return Optional.ofNullable(userAgent)
                .map(text -> text.replaceAll("[^\\x20-\\x7e]", "?"))
                .map(text -> text.substring(0, Math.min(text.length(), LONGEST_SOFTWARE)));
    }

    private static InetSocketAddress address(SocketAddress address) {
        try {
            // A literal address: this never asks a name server.
            return new InetSocketAddress(InetAddress.getByName(address.hostAddress()), address.port());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("A TCP connection without an IP address: " + address, e);
        }
    }
}
