package io.serai.route.site.connection;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * What a site says of one of its entries. The name is the site's input: data, never a local path.
 *
 * @param sizeBytes empty where the site does not tell
 * @param modified the epoch where the site does not tell
 */
public record RemoteEntry(String name, Kind kind, OptionalLong sizeBytes, Instant modified) {
    /** What kind of entry it is. */
    public enum Kind {
        FILE,
        FOLDER,
        /** A link or device; never fetched. */
        OTHER
    }
}
