package io.serai.edge.link;

/** A stream cannot be used any more. */
public final class StreamClosed extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient StreamEnd end;

    StreamClosed(StreamEnd end) {
        super("The stream is closed: " + end);
        this.end = end;
    }

    public StreamEnd end() {
        return end;
    }
}
