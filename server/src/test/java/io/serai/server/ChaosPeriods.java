package io.serai.server;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** When nobody could do anything. Used by one thread. */
final class ChaosPeriods {
    private final List<Period> periods = new ArrayList<>();

    private record Period(Instant from, Instant until) {}

    void during(Runnable outage) {
        Instant from = Instant.now();
        outage.run();
        periods.add(new Period(from, Instant.now()));
    }

    /** Whether the moment lies in an outage, or so little after one that its effects may last. */
    boolean contain(Instant moment, Duration slack) {
        return periods.stream()
                .anyMatch(period -> !moment.isBefore(period.from().minusSeconds(1))
                        && moment.isBefore(period.until().plus(slack)));
    }
}
