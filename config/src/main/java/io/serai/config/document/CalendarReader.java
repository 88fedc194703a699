package io.serai.config.document;

import io.serai.config.name.CalendarName;
import io.serai.config.object.Calendar;
import io.serai.config.yaml.YamlFields;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.MonthDay;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code kind: Calendar}. */
final class CalendarReader {
    private static final Map<String, String> OTHER_NAMES =
            Map.of("days", "dates", "holidays", "dates", "recurring", "yearly", "weekend", "weekdays");

    private final YamlFields document;
    private final YamlFields spec;

    CalendarReader(YamlFields document, YamlFields spec) {
        this.document = document;
        this.spec = spec;
    }

    Optional<ObjectDraft> read(String name) {
        Optional<CalendarName> calendarName = Names.read(document, name, CalendarName::new);
        Set<DayOfWeek> weekdays = Set.copyOf(
                spec.readList("weekdays", Words.choice(DayOfWeek.class)).orElse(List.of()));
        if (weekdays.equals(EnumSet.allOf(DayOfWeek.class))) {
            spec.reject("weekdays", "every day of the week would be a holiday");
        }
        Calendar calendar = new Calendar(
                calendarName.orElse(new CalendarName("unreadable")),
                spec.read("description", Words::description).orElse(""),
                weekdays,
                Set.copyOf(spec.readList("dates", CalendarReader::date).orElse(List.of())),
                Set.copyOf(spec.readList("yearly", CalendarReader::yearly).orElse(List.of())));
        spec.finish(OTHER_NAMES);
        return calendarName.map(valid -> ObjectDraft.whole(calendar, document.mark()));
    }

    private static LocalDate date(String text) {
        try {
            return LocalDate.parse(text);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("expected a date such as \"2026-12-24\"", e);
        }
    }

    private static MonthDay yearly(String text) {
        try {
            return MonthDay.parse("--" + text);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("expected a month and day such as \"12-25\"", e);
        }
    }
}
