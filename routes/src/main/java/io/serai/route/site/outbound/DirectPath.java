package io.serai.route.site.outbound;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/** No detour. */
record DirectPath() implements OutboundPath {
    @Override
    public void connect(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis) throws IOException {
        dial.connect(
                destination.isUnresolved()
                        ? new InetSocketAddress(destination.getHostString(), destination.getPort())
                        : destination,
                withinMillis);
    }

    @Override
    public boolean isDirect() {
        return true;
    }
}
