package io.serai.edge.link;

/** The connection went away before the reply came; whether the request was carried out is not known. */
public final class ConnectionLost extends Exception {
    private static final long serialVersionUID = 1L;

    ConnectionLost(String why) {
        super(why);
    }
}
