package io.serai.config.object;

import io.serai.config.name.CalendarName;
import io.serai.config.name.ScheduleName;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;

/**
 * A clock that makes events; routes name it ({@code schedule=nightly}).
 *
 * @param cron Quartz cron expressions (6 or 7 fields, seconds first); the schedule fires when any of them does
 * @param missed what happens to fires that were missed while no node ran
 * @param calendar the days that are holidays for this schedule
 * @param holidays what happens to a fire on a holiday
 * @param overlap what happens to a fire while the event of the former one is alive
 */
public record Schedule(
        ScheduleName name,
        String description,
        boolean enabled,
        List<String> cron,
        ZoneId timeZone,
        Missed missed,
        Optional<CalendarName> calendar,
        Holidays holidays,
        Overlap overlap)
        implements ConfigObject {

    /** What happens to fires that were missed while no node ran. */
    public enum Missed {
        /** One fire makes up for all that were missed. */
        RUN_ONCE,
        /** Each missed fire is made up for, up to the last 100, one after the other. */
        RUN_ALL,
        /** Missed fires are left out. */
        SKIP
    }

    /** What happens to a fire on a holiday. */
    public enum Holidays {
        /** It is left out. */
        SKIP,
        /** It comes at the same time of the next day that is no holiday. */
        NEXT_WORKING_DAY,
        /** It comes at the same time of the last day before that is no holiday. */
        PREVIOUS_WORKING_DAY
    }

    /** What happens to a fire while the event of the former one is alive. */
    public enum Overlap {
        /** It is left out, and recorded as such. */
        SKIP,
        /** It makes its event all the same. */
        ALLOW
    }

    public Schedule {
        cron = List.copyOf(cron);
    }

    /** Without a calendar or overlapping. */
    public Schedule(
            ScheduleName name, String description, boolean enabled, List<String> cron, ZoneId timeZone, Missed missed) {
        this(
                name,
                description,
                enabled,
                cron,
                timeZone,
                missed,
                Optional.empty(),
                ObjectDefaults.HOLIDAYS,
                ObjectDefaults.OVERLAP);
    }

    @Override
    public ObjectKind kind() {
        return ObjectKind.SCHEDULE;
    }

    @Override
    public String objectName() {
        return name.value();
    }
}
