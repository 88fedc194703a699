package io.serai.config.yaml;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 20GB} (powers of 1000), {@code 256MiB} (powers of 1024), {@code 4096} (bytes). */
public final class ByteSize {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,18}) ?([KMGT]i?B|B)?");
    private static final Map<String, Long> UNITS = units();

    private ByteSize() {}

    /** Bytes; an IllegalArgumentException says what is expected. */
    public static long parse(String text) {
        Matcher size = SIZE.matcher(text.strip());
        if (!size.matches()) {
            throw new IllegalArgumentException("expected a size such as 256MiB, 20GB or 4096 (bytes)");
        }
        String unit = size.group(2) == null ? "B" : size.group(2);
        try {
            return Math.multiplyExact(Long.parseLong(size.group(1)), UNITS.getOrDefault(unit, 1L));
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("expected a size below 8 EiB", e);
        }
    }

    /** The shortest exact form that {@link #parse} reads; of two equally short ones that with the larger unit. */
    public static String format(long bytes) {
        String shortest = Long.toString(bytes);
        for (Map.Entry<String, Long> unit : UNITS.entrySet()) {
            if (bytes != 0 && bytes % unit.getValue() == 0) {
                String candidate = bytes / unit.getValue() + unit.getKey();
                if (candidate.length() <= shortest.length()) {
                    shortest = candidate;
                }
            }
        }
        return shortest;
    }

    private static Map<String, Long> units() {
        Map<String, Long> units = new LinkedHashMap<>();
        units.put("B", 1L);
        long decimal = 1;
        long binary = 1;
        for (String prefix : new String[] {"K", "M", "G", "T"}) {
            decimal *= 1000;
            binary *= 1024;
            units.put(prefix + "B", decimal);
            units.put(prefix + "iB", binary);
        }
        return units;
    }
}
