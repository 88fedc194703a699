package io.serai.cluster.object;

import java.time.Duration;

/** How long a change of the whole cluster takes at most; whoever waits for the answer to one waits longer. */
public final class ChangeLimits {
    /** Until the changes that were proposed before are decided. */
    static final Duration TURN = Duration.ofSeconds(60);

    /** Until this one is decided. */
    static final Duration DECISION = Duration.ofSeconds(180);

    /** The longest that {@link SharedChanges#make} takes. */
    public static final Duration LONGEST = TURN.plus(DECISION);

    private ChangeLimits() {}
}
