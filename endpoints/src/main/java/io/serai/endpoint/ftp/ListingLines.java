package io.serai.endpoint.ftp;

import io.serai.config.name.VirtualPath;
import io.serai.endpoint.FileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Files and folders as LIST shows them (the form of ls, which clients expect) and as MLSD does (RFC 3659 section 7). */
final class ListingLines {
    static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMddHHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter RECENT =
            DateTimeFormatter.ofPattern("MMM dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter OLD =
            DateTimeFormatter.ofPattern("MMM dd  yyyy", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final Duration HALF_A_YEAR = Duration.ofDays(182);

    private ListingLines() {}

    static String unix(String name, FileAttributes attributes, Instant now) {
        Duration age = Duration.between(attributes.modified(), now);
        boolean isRecent = !age.isNegative() && age.compareTo(HALF_A_YEAR) < 0;
        return String.format(
                Locale.ROOT,
                "%s 1 partner partner %12d %s %s",
                attributes.isFolder() ? "drwx------" : "-rw-------",
                attributes.sizeBytes(),
                (isRecent ? RECENT : OLD).format(attributes.modified()),
                name);
    }

    static String facts(String name, FileAttributes attributes) {
        String type = attributes.isFolder() ? "dir" : "file";
        String size = attributes.isFolder() ? "" : "size=" + attributes.sizeBytes() + ";";
        return "type=" + type + ";" + size + "modify=" + TIME.format(attributes.modified()) + "; " + name;
    }

    static String facts(VirtualPath path, FileAttributes attributes) {
        return facts(path.toString(), attributes);
    }
}
