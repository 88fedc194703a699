package io.serai.server.edge;

import io.serai.route.site.outbound.OutboundPath;
import io.serai.route.site.outbound.ProxyDown;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/** A path whose failures are remembered for those who look after it. */
record NotedPath(Named named, OutboundStanding standing) implements OutboundPath {
    /** @param called what people call it */
    record Named(String called, OutboundPath path) {}

    @Override
    public void connect(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis) throws IOException {
        try {
            named.path().connect(socket, dial, destination, withinMillis);
            standing.works(named.called());
        } catch (ProxyDown e) {
            standing.fails(named.called(), String.valueOf(e.getMessage()));
            throw e;
        }
    }

    @Override
    public boolean isDirect() {
        return named.path().isDirect();
    }
}
