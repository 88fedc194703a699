package io.serai.cluster.ledger;

/** What a transfer is; the word in tables and REST is the name in lower case. */
public enum TransferKind {
    /** A partner sends to us. */
    UPLOAD,
    /** A partner fetches from us. */
    DOWNLOAD,
    /** We fetch from a site. */
    PULL,
    /** We send to a site. */
    DELIVERY
}
