package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The schedule after the chaos: each time fired once, or lies in an outage of all and was made up for once. */
final class ChaosTicks {
    /** The longest that no node may have fired: a takeover of whatever decides, with all that has to be opened again. */
    private static final Duration SLACK = ClusterOfServers.LEASE.multipliedBy(3);

    private final ClusterOfServers cluster;
    private final Sshd partner;
    private final int seconds;
    private final ChaosPeriods outages;

    ChaosTicks(ClusterOfServers cluster, Sshd partner, int seconds, ChaosPeriods outages) {
        this.cluster = cluster;
        this.partner = partner;
        this.seconds = seconds;
        this.outages = outages;
    }

    void between(Instant began, Instant ended) {
        // The clock goes on: what it fires now is not waited for.
        await("the fires up to the end have run").atMost(Duration.ofMinutes(2)).until(() -> openBefore(ended) == 0);
        List<Instant> delivered = partner.renamedTo().stream()
                .filter(name -> name.startsWith("ticks/tick-"))
                .map(name -> Instant.parse(name.substring("ticks/tick-".length())))
                .toList();
        assertThat(delivered).as("fires that were delivered").doesNotHaveDuplicates();
        Set<Instant> fired = delivered.stream().collect(Collectors.toCollection(TreeSet::new));
        Instant first = Instant.ofEpochSecond((began.getEpochSecond() / seconds + 2) * seconds);
        int missed = 0;
        for (Instant due = first; due.isBefore(ended.minus(SLACK)); due = due.plusSeconds(seconds)) {
            if (!fired.contains(due)) {
                missed++;
                assertThat(outages.contain(due, SLACK))
                        .as("%s did not fire, and the database was there", due)
                        .isTrue();
            }
        }
        assertThat(fired)
                .allSatisfy(time -> assertThat(time.getEpochSecond() % seconds)
                        .as("%s", time)
                        .isZero());
        System.out.printf("chaos: the schedule fired %d times, %d left out in outages%n", fired.size(), missed);
    }

    private int openBefore(Instant end) {
        return Integer.parseInt(cluster.ask(
                "select count(*) from event where route_id = 'ticks' and created_at < ?::timestamptz", end.toString()));
    }
}
