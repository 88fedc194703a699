package io.serai.route.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.CalendarName;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.Calendar;
import io.serai.config.object.Schedule;
import io.serai.config.object.Schedule.Holidays;
import io.serai.config.object.Schedule.Missed;
import io.serai.config.object.Schedule.Overlap;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.MonthDay;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TimingTest {
    private static final ScheduleName NAME = new ScheduleName("nightly");
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
    private static final Calendar BANK = new Calendar(
            new CalendarName("bank"),
            "",
            Set.of(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY),
            Set.of(LocalDate.parse("2026-04-03"), LocalDate.parse("2026-04-06")),
            Set.of(MonthDay.of(12, 25), MonthDay.of(12, 26), MonthDay.of(1, 1)));

    @Test
    void theLatestTimesAreFoundWithoutCountingThroughYears() {
        Instant now = Instant.parse("2026-03-29T01:30:00.500Z");
        List<Instant> secondly = cron("* * * * * ?").between(Instant.EPOCH, now, 10);
        assertThat(secondly.get(secondly.size() - 1)).isEqualTo(now.truncatedTo(ChronoUnit.SECONDS));
        assertThat(secondly).hasSizeBetween(10, 200);
        Timing yearly = cron("0 30 2 1 1 ?");
        assertThat(yearly.between(Instant.EPOCH, now, 1)).contains(Instant.parse("2026-01-01T01:30:00Z"));
        assertThat(yearly.between(Instant.parse("2026-01-01T01:30:00Z"), now, 1))
                .isEmpty();
        Timing every = new Timing.Every(NAME, Duration.ofMinutes(5));
        assertThat(every.between(Instant.EPOCH, now, 2))
                .containsExactly(Instant.parse("2026-03-29T01:25:00Z"), Instant.parse("2026-03-29T01:30:00Z"));
        assertThat(every.next(now)).contains(Instant.parse("2026-03-29T01:35:00Z"));
    }

    @Test
    @Timeout(10)
    void theNextTimeIsFoundWithoutCountingThoseAfterIt() {
        Timing secondly = new Timing.Cron(
                NAME,
                List.of(LocalCron.of("* * * * * ?")),
                BERLIN,
                Missed.RUN_ONCE,
                Overlap.SKIP,
                Optional.of(new WorkingDays(BANK, Holidays.SKIP)));
        for (int second = 0; second < 100; second++) {
            // Over Easter.
            assertThat(secondly.next(berlin("2026-04-03T08:00").plusSeconds(second)))
                    .contains(berlin("2026-04-07T00:00"));
            assertThat(cron("* * * * 1 ?", "0 0 7 1 1 ?")
                            .next(berlin("2026-04-03T08:00").plusSeconds(second)))
                    .contains(berlin("2027-01-01T00:00"));
        }
    }

    @Test
    void severalExpressionsMakeOneTimeEach() {
        Timing timing = cron("0 0 6 * * ?", "0 0/30 6 * * ?");
        assertThat(timing.between(berlin("2026-05-04T05:59"), berlin("2026-05-04T07:00"), 10))
                .containsExactly(berlin("2026-05-04T06:00"), berlin("2026-05-04T06:30"));
    }

    @Test
    void aTimeThatTheClockPassesOverInSpringComesOnceOnThatDay() {
        // On 29 March 2026 the clock goes from 02:00 to 03:00.
        List<Instant> times = cron("0 30 2 * * ?").between(berlin("2026-03-28T12:00"), berlin("2026-03-30T12:00"), 10);
        assertThat(times).hasSize(2);
        assertThat(times.get(0)).isEqualTo(berlin("2026-03-29T03:30"));
        assertThat(times.get(1)).isEqualTo(berlin("2026-03-30T02:30"));
    }

    @Test
    void aTimeThatTheClockShowsTwiceInAutumnComesOnce() {
        // On 25 October 2026 the clock goes from 03:00 to 02:00.
        List<Instant> times = cron("0 30 2 * * ?").between(berlin("2026-10-24T12:00"), berlin("2026-10-26T12:00"), 10);
        assertThat(times).hasSize(2);
    }

    @Test
    void everyHourIsEveryHourWhenTheClockChanges() {
        for (String day : List.of("2026-03-29", "2026-10-25")) {
            Instant begin = LocalDate.parse(day).atStartOfDay(BERLIN).toInstant();
            Instant end = LocalDate.parse(day).plusDays(1).atStartOfDay(BERLIN).toInstant();
            List<Instant> times = cron("0 0 * * * ?").between(begin, end, 100);
            List<Instant> hours = new ArrayList<>();
            for (Instant at = begin.plus(1, ChronoUnit.HOURS); !at.isAfter(end); at = at.plus(1, ChronoUnit.HOURS)) {
                hours.add(at);
            }
            assertThat(times).as(day).isEqualTo(hours);
        }
    }

    @Test
    void holidaysAreLeftOut() {
        Timing timing = holidays(Holidays.SKIP, "0 0 6 * * ?");
        // Good Friday to Easter Monday.
        assertThat(timing.between(berlin("2026-04-01T12:00"), berlin("2026-04-08T12:00"), 10))
                .containsExactly(berlin("2026-04-02T06:00"), berlin("2026-04-07T06:00"), berlin("2026-04-08T06:00"));
        assertThat(timing.next(berlin("2026-04-02T06:00"))).contains(berlin("2026-04-07T06:00"));
    }

    @Test
    void holidaysMoveToTheNextWorkingDay() {
        Timing monthly = holidays(Holidays.NEXT_WORKING_DAY, "0 15 7 25 12 ?");
        // 25 December 2026 is a Friday; 26 and 27 are a holiday and a Sunday.
        assertThat(monthly.next(berlin("2026-12-01T00:00"))).contains(berlin("2026-12-28T07:15"));
        assertThat(monthly.between(berlin("2026-12-24T00:00"), berlin("2027-01-05T00:00"), 10))
                .containsExactly(berlin("2026-12-28T07:15"));
        // Many days that move to one make one fire.
        Timing daily = holidays(Holidays.NEXT_WORKING_DAY, "0 15 7 * * ?");
        assertThat(daily.between(berlin("2026-12-24T12:00"), berlin("2026-12-29T12:00"), 10))
                .containsExactly(berlin("2026-12-28T07:15"), berlin("2026-12-29T07:15"));
    }

    @Test
    void holidaysMoveToThePreviousWorkingDay() {
        Timing timing = holidays(Holidays.PREVIOUS_WORKING_DAY, "0 0 18 L * ?");
        // The last of January 2026 is a Saturday, of February too; of May a Sunday.
        assertThat(timing.next(berlin("2026-01-15T00:00"))).contains(berlin("2026-01-30T18:00"));
        assertThat(timing.next(berlin("2026-01-30T18:00"))).contains(berlin("2026-02-27T18:00"));
        assertThat(timing.between(berlin("2026-05-28T00:00"), berlin("2026-06-02T00:00"), 10))
                .containsExactly(berlin("2026-05-29T18:00"));
    }

    @Test
    void movedTimesKeepTheirClockWhenItChangesMeanwhile() {
        // Sunday 29 March 2026 is the day of the change; Monday has summer time.
        Timing timing = holidays(Holidays.NEXT_WORKING_DAY, "0 30 2 28 3 ?");
        assertThat(timing.next(berlin("2026-03-27T12:00"))).contains(berlin("2026-03-30T02:30"));
    }

    @Test
    void everyInstantIsInExactlyOneOfTwoNeighbouringLooks() {
        Timing timing = holidays(Holidays.NEXT_WORKING_DAY, "0 0/20 * * * ?", "30 10 2 * * ?");
        Instant begin = berlin("2026-03-27T00:00");
        Instant end = berlin("2026-03-31T12:00");
        List<Instant> whole = timing.between(begin, end, 10_000);
        List<Instant> pieces = new ArrayList<>();
        for (Instant at = begin; at.isBefore(end); at = at.plusSeconds(7 * 60 + 1)) {
            Instant to = at.plusSeconds(7 * 60 + 1);
            pieces.addAll(timing.between(at, to.isBefore(end) ? to : end, 10_000));
        }
        assertThat(pieces).isEqualTo(whole).doesNotHaveDuplicates().isSorted();
    }

    private static Instant berlin(String local) {
        return LocalDateTime.parse(local).atZone(BERLIN).toInstant();
    }

    private static Timing cron(String... expressions) {
        return Timing.Cron.of(NAME, List.of(expressions), BERLIN, Missed.RUN_ONCE);
    }

    private static Timing holidays(Holidays holidays, String... expressions) {
        return Timing.Cron.of(
                new Schedule(
                        NAME,
                        "",
                        true,
                        List.of(expressions),
                        BERLIN,
                        Missed.RUN_ONCE,
                        Optional.of(BANK.name()),
                        holidays,
                        Overlap.SKIP),
                Optional.of(BANK));
    }

    @Test
    void utcKnowsNoChanges() {
        Timing utc = Timing.Cron.of(NAME, List.of("0 30 2 * * ?"), ZoneOffset.UTC, Missed.SKIP);
        assertThat(utc.between(Instant.parse("2026-03-28T00:00:00Z"), Instant.parse("2026-03-31T00:00:00Z"), 10))
                .hasSize(3);
    }
}
