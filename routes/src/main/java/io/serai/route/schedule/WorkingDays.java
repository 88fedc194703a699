package io.serai.route.schedule;

import io.serai.config.object.Calendar;
import io.serai.config.object.Schedule.Holidays;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * Which fires come on which day: those of a holiday are left out, or come at the same time of the nearest working day.
 *
 * @param calendar its days are holidays
 */
record WorkingDays(Calendar calendar, Holidays holidays) {
    /** A run of holidays longer than this swallows what it would move. */
    private static final int LONGEST_RUN = 40;

    /** The days whose fires come on this one; none on a holiday. */
    List<LocalDate> sources(LocalDate day) {
        if (calendar.isHoliday(day)) {
            return List.of();
        }
        List<LocalDate> sources = new ArrayList<>(List.of(day));
        int step = switch (holidays) {
            case SKIP -> 0;
            case NEXT_WORKING_DAY -> -1;
            case PREVIOUS_WORKING_DAY -> 1;
        };
        if (step != 0) {
            LocalDate source = day.plusDays(step);
            while (calendar.isHoliday(source) && sources.size() <= LONGEST_RUN) {
                sources.add(source);
                source = source.plusDays(step);
            }
        }
        return sources;
    }
}
