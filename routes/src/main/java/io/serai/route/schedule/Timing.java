package io.serai.route.schedule;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.Calendar;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.object.Schedule;
import io.serai.config.object.Schedule.Missed;
import io.serai.config.object.Schedule.Overlap;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.Period;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** When something fires. */
public sealed interface Timing {
    /** The name that fires are recorded under, together with the route. */
    ScheduleName name();

    /** What happens to fires that were missed. */
    Missed missed();

    /** What happens to a fire while the event of the former one is alive. */
    Overlap overlap();

    /**
     * The times later than {@code since} and not after the limit, in their order; when there are more than {@code most},
     * at least the last {@code most} of them.
     */
    List<Instant> between(Instant since, Instant limit, int most);

    /** The first time later than this. */
    Optional<Instant> next(Instant after);

    /** Refers to a Schedule object, whose changes take effect at once. */
    record Named(ScheduleName name) {}

    /** Fires when any of the cron expressions says so, on working days if there is a calendar. */
    record Cron(
            ScheduleName name,
            List<LocalCron> expressions,
            ZoneId zone,
            Missed missed,
            Overlap overlap,
            Optional<WorkingDays> days)
            implements Timing {
        private static final Duration SLACK = Duration.ofHours(4);
        private static final Duration NEAR = Duration.ofDays(1);
        private static final Duration FARTHEST = Duration.ofDays(3000);
        private static final List<Duration> WINDOWS = List.of(
                Duration.ofMinutes(2),
                Duration.ofHours(2),
                Duration.ofDays(2),
                Duration.ofDays(40),
                Duration.ofDays(400),
                FARTHEST);

        public Cron {
            expressions = List.copyOf(expressions);
        }

        /** As the object says; {@code INVALID} names a wrong expression. */
        public static Cron of(Schedule schedule, Optional<Calendar> calendar) {
            return new Cron(
                    schedule.name(),
                    schedule.cron().stream().map(LocalCron::of).toList(),
                    schedule.timeZone(),
                    schedule.missed(),
                    schedule.overlap(),
                    calendar.map(found -> new WorkingDays(found, schedule.holidays())));
        }

        /** Reads Quartz cron expressions; {@code INVALID} names the wrong one. */
        public static Cron of(ScheduleName name, List<String> texts, ZoneId zone, Missed missed) {
            return new Cron(
                    name,
                    texts.stream().map(LocalCron::of).toList(),
                    zone,
                    missed,
                    ObjectDefaults.OVERLAP,
                    Optional.empty());
        }

        /** Looks back in growing windows, so that a schedule of every second is not counted through a year. */
        @Override
        public List<Instant> between(Instant since, Instant limit, int most) {
            SortedSet<Instant> found = new TreeSet<>();
            for (Duration window : WINDOWS) {
                Instant from = limit.minus(window);
                boolean whole = !from.isAfter(since);
                found = times(whole ? since : from, limit);
                if (whole || found.size() >= most) {
                    break;
                }
            }
            return List.copyOf(found);
        }

        @Override
        public Optional<Instant> next(Instant after) {
            // Near a change of the clock the first one on the wall may not be the first one.
            return firstOnTheWall(after).map(found -> times(after, found).first());
        }

        /** The first by the clock on the wall of those later than this. */
        private Optional<Instant> firstOnTheWall(Instant after) {
            LocalDateTime from = LocalDateTime.ofInstant(after, zone).minus(slack(after));
            LocalDateTime to = LocalDateTime.ofInstant(after, zone).plus(FARTHEST);
            if (days.isEmpty()) {
                return first(from, to, Period.ZERO, after);
            }
            for (LocalDate day = from.toLocalDate(); !day.isAfter(to.toLocalDate()); day = day.plusDays(1)) {
                Optional<Instant> found = firstOfDay(days.get(), day, from, after);
                if (found.isPresent()) {
                    return found;
                }
            }
            return Optional.empty();
        }

        private Optional<Instant> firstOfDay(WorkingDays working, LocalDate day, LocalDateTime from, Instant after) {
            LocalDateTime midnight = day.atStartOfDay().minusNanos(1);
            LocalDateTime begin = from.isAfter(midnight) ? from : midnight;
            return working.sources(day).stream()
                    .flatMap(source -> first(begin, midnight.plusDays(1), between(day, source), after).stream())
                    .min(Comparator.naturalOrder());
        }

        /** The first time of an interval that is so many days away, as if it were here, that is later than this. */
        private Optional<Instant> first(LocalDateTime from, LocalDateTime to, Period away, Instant after) {
            return expressions.stream()
                    .flatMap(expression -> expression
                            .first(
                                    from.plus(away),
                                    to.plus(away),
                                    local -> later(expression, local.minus(away), after)
                                            .isPresent())
                            .flatMap(local -> later(expression, local.minus(away), after))
                            .stream())
                    .min(Comparator.naturalOrder());
        }

        private Optional<Instant> later(LocalCron expression, LocalDateTime local, Instant after) {
            return expression.instants(local, zone).stream()
                    .filter(instant -> instant.isAfter(after))
                    .findFirst();
        }

        private static Period between(LocalDate day, LocalDate source) {
            return Period.ofDays((int) ChronoUnit.DAYS.between(day, source));
        }

        /** All times in an interval, by the clock on the wall. */
        private SortedSet<Instant> times(Instant after, Instant until) {
            LocalDateTime from = LocalDateTime.ofInstant(after, zone).minus(slack(after));
            LocalDateTime to = LocalDateTime.ofInstant(until, zone).plus(slack(until));
            SortedSet<Instant> found = new TreeSet<>();
            if (days.isEmpty()) {
                collect(from, to, Period.ZERO, found);
            } else {
                collectOnWorkingDays(days.get(), from, to, found);
            }
            return new TreeSet<>(found.subSet(after.plusNanos(1), until.plusNanos(1)));
        }

        /** Where the clock is changed near an end, the times on the wall are not in the order of the instants. */
        private Duration slack(Instant end) {
            ZoneOffsetTransition change = zone.getRules().nextTransition(end.minus(NEAR));
            return change != null && change.getInstant().isBefore(end.plus(NEAR)) ? SLACK : Duration.ZERO;
        }

        private void collectOnWorkingDays(
                WorkingDays working, LocalDateTime from, LocalDateTime to, SortedSet<Instant> found) {
            for (LocalDate day = from.toLocalDate(); !day.isAfter(to.toLocalDate()); day = day.plusDays(1)) {
                LocalDateTime midnight = day.atStartOfDay().minusNanos(1);
                LocalDateTime begin = from.isAfter(midnight) ? from : midnight;
                LocalDateTime end = to.isBefore(midnight.plusDays(1)) ? to : midnight.plusDays(1);
                for (LocalDate source : working.sources(day)) {
                    collect(begin, end, between(day, source), found);
                }
            }
        }

        /** The times of an interval that is so many days away, as if they were here. */
        private void collect(LocalDateTime from, LocalDateTime to, Period away, SortedSet<Instant> found) {
            for (LocalCron expression : expressions) {
                expression.each(
                        from.plus(away),
                        to.plus(away),
                        local -> found.addAll(expression.instants(local.minus(away), zone)));
            }
        }
    }

    /** Fires at the multiples of a period since 1970, which are the same on every node. */
    record Every(ScheduleName name, Duration period) implements Timing {
        public static final Duration SHORTEST = Duration.ofSeconds(1);

        public Every {
            if (period.compareTo(SHORTEST) < 0) {
                throw new SeraiException(ErrorCode.INVALID, "every=" + period + " is shorter than a second");
            }
        }

        /** The next fire makes up for missed ones. */
        @Override
        public Missed missed() {
            return Missed.RUN_ONCE;
        }

        @Override
        public Overlap overlap() {
            return Overlap.SKIP;
        }

        @Override
        public List<Instant> between(Instant since, Instant limit, int most) {
            List<Instant> found = new ArrayList<>();
            Instant at = atOrBefore(limit);
            while (at.isAfter(since) && found.size() < most) {
                found.add(0, at);
                at = at.minus(period);
            }
            return found;
        }

        @Override
        public Optional<Instant> next(Instant after) {
            return Optional.of(atOrBefore(after).plus(period));
        }

        private Instant atOrBefore(Instant limit) {
            long millis = period.toMillis();
            return Instant.ofEpochMilli(Math.floorDiv(limit.toEpochMilli(), millis) * millis);
        }
    }
}
