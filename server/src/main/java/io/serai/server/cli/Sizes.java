package io.serai.server.cli;

import java.util.Locale;

/** Numbers of bytes and times for people. */
final class Sizes {
    private Sizes() {}

    static String bytes(long count) {
        if (count < 10_000) {
            return Long.toString(count);
        }
        double value = count;
        for (String unit : new String[] {"KiB", "MiB", "GiB"}) {
            value /= 1024;
            if (value < 1000) {
                return String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
            }
        }
        return String.format(Locale.ROOT, "%.1f TiB", value / 1024);
    }

    /** An instant without its fraction, in UTC. */
    static String time(String instant) {
        int dot = instant.indexOf('.');
        return dot < 0 ? instant : instant.substring(0, dot) + "Z";
    }
}
