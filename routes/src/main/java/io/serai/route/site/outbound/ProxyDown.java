package io.serai.route.site.outbound;

import java.net.ConnectException;

/** A proxy cannot be reached or cannot work; nothing was sent to the destination. */
public final class ProxyDown extends ConnectException {
    private static final long serialVersionUID = 1L;

    /**
     * @param called what errors call the proxy
     * @param why what happened, or what it answered
     */
    public ProxyDown(String called, String why) {
        super(called + " is down (" + why + ")");
    }
}
