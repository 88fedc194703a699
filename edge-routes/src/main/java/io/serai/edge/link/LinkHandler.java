package io.serai.edge.link;

/** Serves what the peer asks. All calls come on an event loop: hand over to a thread that may block, and return at once. */
public interface LinkHandler {
    /** To be answered by {@link IncomingRequest#reply}. */
    void request(Link link, IncomingRequest request);

    /** To be taken by {@link LinkStream#accept} or refused by {@link LinkStream#result}. */
    void stream(Link link, LinkStream stream, int method, byte[] payload);

    /** What a server tells its edges. A kind that is not known is ignored. */
    void event(Link link, int kind, byte[] payload);
}
