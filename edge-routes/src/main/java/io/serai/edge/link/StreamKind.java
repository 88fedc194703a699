package io.serai.edge.link;

/** Which side of a stream sends file bytes. */
public enum StreamKind {
    /** The side that opened it sends. */
    WRITE,
    /** The side that was asked sends. */
    READ
}
