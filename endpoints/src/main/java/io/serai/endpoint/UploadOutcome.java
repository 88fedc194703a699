package io.serai.endpoint;

import java.util.Optional;

/**
 * What is known of an upload that another server took.
 *
 * @param receipt with {@link State#COMMITTED}
 */
public record UploadOutcome(State state, Optional<UploadReceipt> receipt) {
    /** How it stands. */
    public enum State {
        /** Not committed so far, or never heard of. */
        OPEN,
        COMMITTED,
        /** It has ended without a file, and will not become one. */
        FAILED
    }
}
