package io.serai.config.object;

import io.serai.config.name.CalendarName;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.MonthDay;
import java.util.Set;

/**
 * Days on which nobody works; schedules name it ({@code calendar: bank}).
 *
 * @param weekdays days of every week
 * @param dates single days
 * @param yearly days of every year; 29 February is one in leap years only
 */
public record Calendar(
        CalendarName name, String description, Set<DayOfWeek> weekdays, Set<LocalDate> dates, Set<MonthDay> yearly)
        implements ConfigObject {
    public Calendar {
        weekdays = Set.copyOf(weekdays);
        dates = Set.copyOf(dates);
        yearly = Set.copyOf(yearly);
    }

    /** Whether nobody works on that day. */
    public boolean isHoliday(LocalDate day) {
        return weekdays.contains(day.getDayOfWeek()) || dates.contains(day) || yearly.contains(MonthDay.from(day));
    }

    @Override
    public ObjectKind kind() {
        return ObjectKind.CALENDAR;
    }

    @Override
    public String objectName() {
        return name.value();
    }
}
