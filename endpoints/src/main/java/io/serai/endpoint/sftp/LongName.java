package io.serai.endpoint.sftp;

import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FolderPage;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** A line as {@code ls -l} prints it, which version 3 sends with every name; times are in UTC. */
final class LongName {
    private static final DateTimeFormatter RECENT =
            DateTimeFormatter.ofPattern("MMM ppd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter OLD =
            DateTimeFormatter.ofPattern("MMM ppd  yyyy", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final long HALF_A_YEAR_SECONDS = 182L * 24 * 3600;

    private LongName() {}

    /**
     * @param now decides whether the time of day or the year is shown
     */
    static String of(FolderPage.Entry entry, Instant now) {
        FileAttributes attributes = entry.attributes();
        boolean recent = Math.abs(now.getEpochSecond() - attributes.modified().getEpochSecond()) < HALF_A_YEAR_SECONDS;
        return String.format(
                Locale.ROOT,
                "%s 1 partner  partner  %12d %s %s",
                attributes.isFolder() ? "drwxr-xr-x" : "-rw-r--r--",
                attributes.sizeBytes(),
                (recent ? RECENT : OLD).format(attributes.modified()),
                entry.name());
    }
}
