package io.serai.cluster.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.event.EventQueue.Verdict;
import io.serai.config.error.ErrorCode;
import java.time.Duration;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RetryPolicyTest {
    private static final EventQueueSettings SETTINGS =
            EventQueueSettings.usual().withRetries(Duration.ofSeconds(5), Duration.ofMinutes(10), 12);

    @Test
    void doublesTheWindowWithEachFailureUpToTheLongest() {
        RetryPolicy longest = new RetryPolicy(SETTINGS, always(1));
        assertThat(delay(longest, 1)).isEqualTo(Duration.ofSeconds(5));
        assertThat(delay(longest, 2)).isEqualTo(Duration.ofSeconds(10));
        assertThat(delay(longest, 5)).isEqualTo(Duration.ofSeconds(80));
        assertThat(delay(longest, 8)).isEqualTo(Duration.ofMinutes(10));
        assertThat(delay(longest, 11)).isEqualTo(Duration.ofMinutes(10));
    }

    @Test
    void spreadsOverTheWholeWindowAndNeverRetriesAtOnce() {
        assertThat(delay(new RetryPolicy(SETTINGS, always(0)), 3)).isEqualTo(Duration.ofMillis(1));
        assertThat(delay(new RetryPolicy(SETTINGS, always(0.5)), 3)).isEqualTo(Duration.ofMillis(10_001));
    }

    @Test
    void parksWhenAttemptsRunOut() {
        RetryPolicy policy = new RetryPolicy(SETTINGS, always(1));
        assertThat(policy.judge(ErrorCode.SITE_FAILED, 11, 0)).isInstanceOf(Verdict.RetryAfter.class);
        assertThat(policy.judge(ErrorCode.SITE_FAILED, 12, 0)).isEqualTo(new Verdict.Parked());
    }

    @Test
    void waitsForOurOwnResourcesWithoutEndAndNoLongerThanHalfAMinute() {
        RetryPolicy policy = new RetryPolicy(SETTINGS, always(1));
        assertThat(policy.judge(ErrorCode.NO_SPACE, 1_000, 1_000))
                .isEqualTo(new Verdict.RetryAfter(Duration.ofSeconds(30)));
        assertThat(policy.judge(ErrorCode.NO_SPACE, 1_000, 1)).isEqualTo(new Verdict.RetryAfter(Duration.ofSeconds(5)));
    }

    @ParameterizedTest
    @EnumSource(names = {"SITE_LOGIN_REFUSED", "INVALID", "REJECTED_CONTENT", "DEFECT"})
    void parksAtOnceWhatNoRetryMends(ErrorCode code) {
        assertThat(new RetryPolicy(SETTINGS, always(1)).judge(code, 1, 0)).isEqualTo(new Verdict.Parked());
    }

    @Test
    void endsWhatWasCancelled() {
        assertThat(new RetryPolicy(SETTINGS, always(1)).judge(ErrorCode.CANCELLED, 1, 0))
                .isEqualTo(new Verdict.Cancelled());
    }

    private static Duration delay(RetryPolicy policy, int failures) {
        return ((Verdict.RetryAfter) policy.judge(ErrorCode.SITE_TIMEOUT, failures, 0)).delay();
    }

    /** A source that always gives the same part of the bound. */
    private static RandomGenerator always(double part) {
        return new RandomGenerator() {
            @Override
            public long nextLong() {
                throw new UnsupportedOperationException();
            }

            @Override
            public long nextLong(long bound) {
                return Math.min(bound - 1, (long) (part * bound));
            }
        };
    }
}
