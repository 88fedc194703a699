package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The schedule after the chaos: each of its times made one event and was delivered once, be it late. That holds for a
 * schedule whose fires may overlap, when no trouble lasts for a minute.
 */
final class ChaosTicks {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final ClusterOfServers cluster;
    private final Sshd partner;
    private final int seconds;

    ChaosTicks(ClusterOfServers cluster, Sshd partner, int seconds) {
        this.cluster = cluster;
        this.partner = partner;
        this.seconds = seconds;
    }

    void between(Instant began, Instant ended) {
        // The clock goes on: what it fires now is not waited for.
        await("the times up to the end are decided").atMost(LIMIT).until(() -> isYes("""
                select looked_until >= ?::timestamptz from schedule_clock where route_id = 'ticks'""", ended));
        await("their events have ended").atMost(LIMIT).until(() -> isYes("""
                select count(*) = 0 from schedule_fire f join event e on e.id = f.event_id
                 where f.route_id = 'ticks' and f.fire_time <= ?::timestamptz""", ended));
        List<Instant> delivered = partner.renamedTo().stream()
                .filter(name -> name.startsWith("ticks/tick-"))
                .map(name -> Instant.parse(name.substring("ticks/tick-".length())))
                .toList();
        assertThat(delivered).as("fires that were delivered").doesNotHaveDuplicates();
        Set<Instant> fired = new TreeSet<>(delivered);
        List<String> missed = new ArrayList<>();
        Instant first = Instant.ofEpochSecond((began.getEpochSecond() / seconds + 2) * seconds);
        for (Instant due = first; due.isBefore(ended); due = due.plusSeconds(seconds)) {
            if (!fired.contains(due)) {
                missed.add(due + ": " + cluster.ask("""
                        select f::text from schedule_fire f
                         where route_id = 'ticks' and fire_time = ?::timestamptz""", due.toString()));
            }
        }
        assertThat(missed).as("times that did not fire, and their rows").isEmpty();
        assertThat(fired)
                .allSatisfy(time -> assertThat(time.getEpochSecond() % seconds)
                        .as("%s", time)
                        .isZero());
        System.out.printf("chaos: the schedule fired %d times%n", fired.size());
    }

    private boolean isYes(String question, Instant time) {
        return "t".equals(cluster.ask(question, time.toString()));
    }
}
