package io.serai.server.edge;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.ZoneName;
import io.serai.edge.tcp.OneWay;
import io.serai.edge.tcp.TcpFailure;
import io.serai.route.site.outbound.OutboundPath;
import io.serai.route.site.outbound.ProxyDown;
import io.serai.route.site.outbound.SocksPath;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Optional;

/** Through the edges of a zone, which resolve names. */
record EdgePath(ZoneName zone, ZoneOutbound outbound) implements OutboundPath {
    @Override
    public boolean isDirect() {
        return false;
    }

    /** By the edge that the first socket has found. */
    private record OneEdge(EdgePath edges, OneWay way) implements OutboundPath {
        @Override
        public boolean isDirect() {
            return false;
        }

        @Override
        public void connect(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis)
                throws IOException {
            edges.connect(socket, dial, destination, withinMillis, way);
        }
    }

    @Override
    public OutboundPath ofOneConnection() {
        return new OneEdge(this, new OneWay());
    }

    @Override
    public void connect(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis) throws IOException {
        ofOneConnection().connect(socket, dial, destination, withinMillis);
    }

    private void connect(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis, OneWay way)
            throws IOException {
        try {
            connectByFront(socket, dial, destination, withinMillis, way);
            outbound.standing().works(called());
        } catch (ProxyDown e) {
            outbound.standing().fails(called(), String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private String called() {
        return "the way through the edges of the zone " + zone;
    }

    private void connectByFront(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis, OneWay way)
            throws IOException {
        ZoneOutbound.Front front =
                outbound.front(zone).orElseThrow(() -> new ProxyDown(called(), outbound.absence(zone)));
        SocksPath path = new SocksPath(
                called(),
                front.address().getAddress().getHostAddress(),
                front.address().getPort(),
                Optional.of(front.login()));
        Dial noted = (address, millis) -> {
            dial.connect(address, millis);
            front.socks().belongs(socket.getLocalPort(), way);
        };
        try {
            path.connect(socket, noted, destination, withinMillis);
        } catch (IOException e) {
            Optional<TcpFailure> failure = front.socks().takeFailure(socket.getLocalPort());
            throw failure.isPresent() ? meant(failure.get(), destination, e) : e;
        }
    }

    private IOException meant(TcpFailure failure, InetSocketAddress destination, IOException said) {
        String text = failure.text() + " (through the zone " + zone + ")";
        return switch (failure.status()) {
            case PERMISSION_DENIED -> refused(destination, text);
            case NAME_INVALID -> (IOException) new NoRouteToHostException(text).initCause(said);
            case UNAVAILABLE -> (IOException) new ConnectException(text).initCause(said);
            case TIMEOUT -> (IOException) new SocketTimeoutException(text).initCause(said);
            default -> new ProxyDown(called(), failure.text());
        };
    }

    /** Either the zone says so, or an edge that has not heard yet that it does not. No reason to go another way. */
    private IOException refused(InetSocketAddress destination, String text) {
        if (outbound.mayBeOutdated(zone)) {
            String why = text + ", and an edge has not taken the zone's newest configuration yet; tried again";
            return new IOException(why, new SeraiException(ErrorCode.SITE_PROXY_DOWN, why));
        }
        String what = destination.getHostString() + ":" + destination.getPort();
        return new IOException(
                text,
                new SeraiException(
                        ErrorCode.INVALID,
                        text + "; add \"" + what + "\" to the destinations of the zone " + zone
                                + ", or give the site another zone"));
    }
}
