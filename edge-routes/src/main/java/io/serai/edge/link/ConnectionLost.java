package io.serai.edge.link;

/** The connection went away before the reply came. If the request was sent, it is not known whether it was carried out. */
public final class ConnectionLost extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean sent;

    private ConnectionLost(String why, boolean sent) {
        super(why);
        this.sent = sent;
    }

    /** The request may have reached the peer. */
    static ConnectionLost afterSending(String why) {
        return new ConnectionLost(why, true);
    }

    /** The request never left this side, so it can be sent anew whatever it does. */
    static ConnectionLost beforeSending(String why) {
        return new ConnectionLost(why, false);
    }

    public boolean wasSent() {
        return sent;
    }
}
