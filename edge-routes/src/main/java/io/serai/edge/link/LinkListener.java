package io.serai.edge.link;

/** Hears of links. All calls come on an event loop and must return at once. */
public interface LinkListener {
    /** The link can be used: there is a control and a data connection. */
    void up(Link link);

    /** The peer drains, has drained, or has lost or regained its last control or data connection. */
    void changed(Link link);

    /** The link and all sessions that it carried are gone. It never comes back; another one may. */
    void lost(Link link, String why);

    /** A peer broke the rules of the protocol, or did not get as far as to show who it is. */
    void violation(String peer, String what);
}
