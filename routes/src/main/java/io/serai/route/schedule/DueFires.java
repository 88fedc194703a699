package io.serai.route.schedule;

import io.serai.cluster.event.EventId;
import io.serai.cluster.schedule.ClockLook;
import io.serai.cluster.schedule.FireOutcome;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.Schedule.Missed;
import io.serai.config.object.Schedule.Overlap;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Decides about all that is due at one look: what makes an event, and what is left out and why. */
final class DueFires {
    /** A fire that comes later than this was missed; a takeover is faster. */
    static final Duration ON_TIME = Duration.ofSeconds(60);

    static final int MOST_MADE_UP = 100;

    private final ClockLook look;
    private final ScheduleName schedule;
    private final Timing timing;
    private final Firing firing;
    private boolean alive;
    private String aliveNote = "";

    private DueFires(ClockLook look, ScheduleName schedule, Timing timing, Firing firing) {
        this.look = look;
        this.schedule = schedule;
        this.timing = timing;
        this.firing = firing;
    }

    /**
     * Decides about the times until the limit.
     *
     * @param mayFire what the route says beside the rule about overlapping
     * @return whether missed fires still wait for the event of the former one
     */
    static boolean decide(
            ClockLook look, ScheduleName schedule, Timing timing, Firing firing, Instant limit, boolean mayFire)
            throws SQLException {
        return new DueFires(look, schedule, timing, firing).decide(limit, mayFire);
    }

    private boolean decide(Instant limit, boolean mayFire) throws SQLException {
        List<Instant> all = timing.between(look.since(), limit, MOST_MADE_UP);
        if (all.isEmpty()) {
            return false;
        }
        findAlive(mayFire);
        Instant onTime = limit.minus(ON_TIME);
        List<Instant> late = all.stream().filter(at -> at.isBefore(onTime)).toList();
        List<Instant> timely = all.stream().filter(at -> !at.isBefore(onTime)).toList();
        if (!late.isEmpty()) {
            Optional<Instant> waiting = decideLate(late, timely.isEmpty());
            if (waiting.isPresent()) {
                look.lookedUntil(waiting.get().minusMillis(1));
                return true;
            }
        }
        for (Instant at : timely) {
            fire(at, "");
        }
        look.lookedUntil(limit);
        return false;
    }

    private void findAlive(boolean mayFire) throws SQLException {
        Optional<EventId> former = timing.overlap() == Overlap.ALLOW ? Optional.empty() : look.alive();
        alive = former.isPresent() || !mayFire;
        aliveNote = former.map(id -> "event " + id.value() + " was alive").orElse("a former event was alive");
    }

    /** The first that must wait until the former event has ended. */
    private Optional<Instant> decideLate(List<Instant> late, boolean nothingTimely) throws SQLException {
        Instant last = late.get(late.size() - 1);
        String count = late.size() >= MOST_MADE_UP ? late.size() + " or more" : Integer.toString(late.size());
        if (timing.missed() == Missed.RUN_ALL) {
            return makeUpForAll(late.subList(Math.max(0, late.size() - MOST_MADE_UP), late.size()));
        }
        if (timing.missed() == Missed.SKIP) {
            look.leaveOut(last, FireOutcome.MISSED, count + " missed up to here");
        } else if (nothingTimely) {
            fire(last, late.size() == 1 ? "late" : "makes up for " + count + " missed");
        } else {
            look.leaveOut(last, FireOutcome.MISSED, count + " missed up to here; the next fire makes up for them");
        }
        return Optional.empty();
    }

    private Optional<Instant> makeUpForAll(List<Instant> late) throws SQLException {
        for (Instant at : late) {
            if (alive) {
                return Optional.of(at);
            }
            fire(at, "late");
        }
        return Optional.empty();
    }

    private void fire(Instant at, String note) throws SQLException {
        if (alive) {
            look.leaveOut(at, FireOutcome.OVERLAPPED, aliveNote);
            return;
        }
        Optional<EventId> event = look.fire(at, firing.event(schedule, at), note, Optional.empty());
        if (event.isPresent() && timing.overlap() == Overlap.SKIP) {
            alive = true;
            aliveNote = "event " + event.get().value() + " was alive";
        }
    }
}
