package io.serai.cluster.event;

/** What an event came from; the word in tables and REST is the name in lower case. */
public enum EventKind {
    /** An inbound file is complete. */
    ARRIVAL,
    /** A schedule fired for a route that pulls from a site. */
    PULL,
    /** A schedule fired. */
    SCHEDULE,
    /** An operator sent an earlier arrival through its route again. */
    RESUBMIT
}
