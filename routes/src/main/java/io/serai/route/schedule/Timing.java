package io.serai.route.schedule;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.Schedule.Missed;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.TimeZone;
import org.quartz.CronExpression;

/** When something fires. */
public sealed interface Timing {
    /** The name that fires are recorded under, together with the route. */
    ScheduleName name();

    /** What happens to fires that were missed. */
    Missed missed();

    /** The latest time that is not after the limit and later than {@code since}. */
    Optional<Instant> latest(Instant since, Instant limit);

    /** Refers to a Schedule object, whose changes take effect at once. */
    record Named(ScheduleName name) {}

    /** Fires when any of the cron expressions says so. */
    record Cron(ScheduleName name, List<CronExpression> expressions, Missed missed) implements Timing {
        private static final List<Duration> WINDOWS = List.of(
                Duration.ofMinutes(2),
                Duration.ofHours(2),
                Duration.ofDays(2),
                Duration.ofDays(40),
                Duration.ofDays(400));

        public Cron {
            expressions = List.copyOf(expressions);
        }

        /** Reads Quartz cron expressions; {@code INVALID} names the wrong one. */
        public static Cron of(ScheduleName name, List<String> texts, ZoneId zone, Missed missed) {
            List<CronExpression> expressions = new ArrayList<>();
            for (String text : texts) {
                try {
                    CronExpression expression = new CronExpression(text);
                    expression.setTimeZone(TimeZone.getTimeZone(zone));
                    expressions.add(expression);
                } catch (ParseException e) {
                    throw new SeraiException(
                            ErrorCode.INVALID,
                            "'" + text + "' is not a Quartz cron expression (seconds first, 6 or 7 fields): "
                                    + e.getMessage(),
                            e);
                }
            }
            return new Cron(name, expressions, missed);
        }

        /** Looks back in growing windows, so that a schedule of every second is not counted through a year. */
        @Override
        public Optional<Instant> latest(Instant since, Instant limit) {
            for (Duration window : WINDOWS) {
                Instant from = limit.minus(window);
                boolean whole = from.isBefore(since);
                Optional<Instant> found = latestWithin(whole ? since : from, limit);
                if (found.isPresent() || whole) {
                    return found;
                }
            }
            return Optional.empty();
        }

        private Optional<Instant> latestWithin(Instant from, Instant limit) {
            Instant latest = null;
            for (CronExpression expression : expressions) {
                Date at = expression.getTimeAfter(Date.from(from));
                while (at != null && !at.toInstant().isAfter(limit)) {
                    if (latest == null || at.toInstant().isAfter(latest)) {
                        latest = at.toInstant();
                    }
                    at = expression.getTimeAfter(at);
                }
            }
            return Optional.ofNullable(latest);
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
        public Optional<Instant> latest(Instant since, Instant limit) {
            long millis = period.toMillis();
            Instant at = Instant.ofEpochMilli(Math.floorDiv(limit.toEpochMilli(), millis) * millis);
            return at.isAfter(since) ? Optional.of(at) : Optional.empty();
        }
    }
}
