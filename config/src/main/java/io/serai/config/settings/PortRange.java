package io.serai.config.settings;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Ports from the first to the last, both included; from 0 to 0 for whatever is free. */
public record PortRange(int first, int last) {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,5})(?:\\s*-\\s*(\\d{1,5}))?");
    private static final String EXPECTED =
            "expected a range of ports such as 50000-50999, one port, or 0 for whatever is free";

    public PortRange {
        boolean anyFree = first == 0 && last == 0;
        if (!anyFree && (first < 1 || last > 65_535 || last < first)) {
            throw new IllegalArgumentException(EXPECTED);
        }
    }

    static PortRange parse(String text) {
        Matcher range = RANGE.matcher(text);
        if (!range.matches()) {
            throw new IllegalArgumentException(EXPECTED);
        }
        int first = Integer.parseInt(range.group(1));
        String last = range.group(2);
        return new PortRange(first, last == null ? first : Integer.parseInt(last));
    }

    /** {@code 50000-50999}; {@code 0} for whatever is free. */
    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
