package io.serai.config.document;

import io.serai.config.name.CalendarName;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.object.Schedule;
import io.serai.config.yaml.Suggestion;
import io.serai.config.yaml.YamlFields;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code kind: Schedule}. */
final class ScheduleReader {
    private static final Map<String, String> OTHER_NAMES = Map.of(
            "zone",
            "timeZone",
            "tz",
            "timeZone",
            "expression",
            "cron",
            "schedule",
            "cron",
            "misfire",
            "missed",
            "holiday",
            "holidays");

    private final YamlFields document;
    private final YamlFields spec;
    private final CronCheck cron;

    ScheduleReader(YamlFields document, YamlFields spec, CronCheck cron) {
        this.document = document;
        this.spec = spec;
        this.cron = cron;
    }

    Optional<ObjectDraft> read(String name) {
        Optional<ScheduleName> scheduleName = Names.read(document, name, ScheduleName::new);
        List<String> expressions = spec.readList("cron", this::expression).orElse(List.of());
        if (!spec.has("cron")) {
            spec.missing(
                    "cron", "give a list of cron expressions, such as [\"0 30 2 * * ?\"] for half past two at night");
        }
        Schedule schedule = new Schedule(
                scheduleName.orElse(new ScheduleName("unreadable")),
                spec.read("description", Words::description).orElse(""),
                spec.read("enabled", Words::flag).orElse(true),
                expressions,
                spec.read("timeZone", ScheduleReader::zone).orElse(ObjectDefaults.TIME_ZONE),
                spec.read("missed", Words.choice(Schedule.Missed.class)).orElse(ObjectDefaults.MISSED),
                spec.read("calendar", CalendarName::new),
                spec.read("holidays", Words.choice(Schedule.Holidays.class)).orElse(ObjectDefaults.HOLIDAYS),
                spec.read("overlap", Words.choice(Schedule.Overlap.class)).orElse(ObjectDefaults.OVERLAP));
        if (spec.has("holidays") && !spec.has("calendar")) {
            spec.missing("calendar", "holidays needs the name of a Calendar object");
        }
        spec.finish(OTHER_NAMES);
        return scheduleName.map(valid -> ObjectDraft.whole(schedule, document.mark()));
    }

    private String expression(String text) {
        int fields = text.strip().split("\\s+").length;
        if (fields == 5) {
            throw new IllegalArgumentException("has 5 fields, the first must be seconds; did you mean \"0 "
                    + text.strip() + "\" (with ? for either the day of the month or of the week)?");
        }
        if (fields != 6 && fields != 7) {
            throw new IllegalArgumentException(
                    "expected 6 or 7 fields: seconds minutes hours day-of-month month day-of-week [year]");
        }
        cron.problem(text).ifPresent(problem -> {
            throw new IllegalArgumentException(problem);
        });
        return text;
    }

    private static ZoneId zone(String text) {
        try {
            return text.equals("UTC") ? ObjectDefaults.TIME_ZONE : ZoneId.of(text);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    "expected a time zone such as UTC or Europe/Berlin"
                            + Suggestion.nearest(text, ZoneId.getAvailableZoneIds())
                                    .map(zone -> "; did you mean \"" + zone + "\"?")
                                    .orElse(""),
                    e);
        }
    }
}
