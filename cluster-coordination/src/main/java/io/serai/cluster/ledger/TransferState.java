package io.serai.cluster.ledger;

/** How a transfer stands; the word in tables and REST is the name in lower case. */
public enum TransferState {
    RUNNING,
    COMPLETED,
    /** It failed for a reason of ours or the site's; an event may try again. */
    FAILED,
    /** The partner ended it or its connection broke. */
    ABORTED,
    CANCELLED
}
