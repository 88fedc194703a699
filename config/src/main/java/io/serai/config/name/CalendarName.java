package io.serai.config.name;

/** The name of a holiday calendar. */
public record CalendarName(String value) implements Comparable<CalendarName> {
    public CalendarName {
        ObjectName.check("Calendar name", value);
    }

    @Override
    public int compareTo(CalendarName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
