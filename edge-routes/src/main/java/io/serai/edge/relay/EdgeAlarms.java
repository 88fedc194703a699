package io.serai.edge.relay;

/** Counts what edges do that they should not. Called from any thread; returns at once. */
public interface EdgeAlarms {
    /** Counts nothing. */
    EdgeAlarms NONE = new EdgeAlarms() {
        @Override
        public void violated(String edge) {}

        @Override
        public void refused(String edge, String limit) {}
    };

    /** It broke a rule of the link, or sent a message that cannot be. */
    void violated(String edge);

    /**
     * It asked for more than one of its {@link EdgeLimits}.
     *
     * @param limit which one, in lower case with dashes
     */
    void refused(String edge, String limit);
}
