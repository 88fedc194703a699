package io.serai.route.schedule;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.text.ParseException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.TimeZone;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.quartz.CronExpression;

/**
 * A cron expression on the clock on the wall. Quartz itself leaves a time out that the clock passes over in spring, and
 * an hour of an hourly expression in autumn; here a time that is passed over comes as much later as the clock was put
 * forward, and a time that the clock shows twice comes once, or twice if the expression is for every hour.
 *
 * @param everyHour whether the hour is {@code *}
 */
record LocalCron(CronExpression expression, boolean everyHour) {
    private static final int HOUR = 2;

    /** Reads a Quartz cron expression; {@code INVALID} names the wrong one. */
    static LocalCron of(String text) {
        try {
            CronExpression expression = new CronExpression(text);
            // The wall's clock has no zone; it is read as if it were UTC.
            expression.setTimeZone(TimeZone.getTimeZone(ZoneOffset.UTC));
            String hour = text.strip().split("\\s+")[HOUR];
            return new LocalCron(expression, List.of("*", "*/1", "0/1").contains(hour));
        } catch (ParseException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "'" + text + "' is not a Quartz cron expression (seconds first, 6 or 7 fields): " + e.getMessage(),
                    e);
        }
    }

    /** All times of the wall's clock later than one and not later than the other. */
    void each(LocalDateTime after, LocalDateTime until, Consumer<LocalDateTime> found) {
        var unused = first(after, until, local -> {
            found.accept(local);
            return false;
        });
    }

    /** The first of these times that is wanted. */
    Optional<LocalDateTime> first(LocalDateTime after, LocalDateTime until, Predicate<LocalDateTime> wanted) {
        Date at = expression.getTimeAfter(Date.from(after.toInstant(ZoneOffset.UTC)));
        while (at != null) {
            LocalDateTime local = LocalDateTime.ofInstant(at.toInstant(), ZoneOffset.UTC);
            if (local.isAfter(until)) {
                return Optional.empty();
            }
            if (wanted.test(local)) {
                return Optional.of(local);
            }
            at = expression.getTimeAfter(at);
        }
        return Optional.empty();
    }

    /** When the clock of a zone shows a time of this expression. */
    List<Instant> instants(LocalDateTime local, ZoneId zone) {
        ZoneOffsetTransition change = zone.getRules().getTransition(local);
        if (change == null || change.isGap() || !everyHour) {
            return List.of(local.atZone(zone).toInstant());
        }
        return List.of(local.toInstant(change.getOffsetBefore()), local.toInstant(change.getOffsetAfter()));
    }
}
