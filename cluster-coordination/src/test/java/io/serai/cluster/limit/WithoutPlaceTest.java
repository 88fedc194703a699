package io.serai.cluster.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.SessionId;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which sessions without a place a node ends. */
class WithoutPlaceTest {
    private final WithoutPlace rounds = new WithoutPlace();
    private final SessionId comesBack = SessionId.random();
    private final SessionId gone = SessionId.random();

    @Test
    void oneRoundAloneEndsNothing() {
        assertThat(rounds.seen(List.of(comesBack, gone))).isEmpty();
        assertThat(rounds.seen(List.of(gone))).containsExactly(gone);
        assertThat(rounds.seen(List.of(comesBack)))
                .as("it had its place in between")
                .isEmpty();
    }

    @Test
    void aRoundThatCouldNotLookBreaksTheRow() {
        rounds.seen(List.of(gone));
        rounds.seen(List.of());
        assertThat(rounds.seen(List.of(gone))).isEmpty();
    }
}
