package io.serai.route.site.outbound;

import java.net.ConnectException;

/** A proxy cannot be reached or cannot work; nothing was sent to the destination. */
public final class ProxyDown extends ConnectException {
    private static final long serialVersionUID = 1L;

    ProxyDown(String proxy, String why) {
        super("the proxy " + proxy + " is down (" + why + ")");
    }
}
