package io.serai.cluster.limit;

import java.time.Instant;
import java.util.Optional;

/**
 * A network that is not let in, on any node.
 *
 * @param network in CIDR form; a single address is a network of one
 * @param by who banned it; {@link #BY_FAILURES} when too many failed logins did
 * @param until when it ends; empty for until somebody takes it away
 */
public record Ban(String network, String reason, String by, Instant since, Optional<Instant> until) {
    public static final String BY_FAILURES = "serai";

    /** Whether an operator wished it, so that sessions that are there end too. */
    public boolean isByOperator() {
        return !by.equals(BY_FAILURES);
    }
}
