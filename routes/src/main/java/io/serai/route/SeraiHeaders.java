package io.serai.route;

/**
 * The headers that an event's exchange begins with. All have the prefix that Camel's header filters keep inside, and all
 * values are data: nothing evaluates them.
 */
public final class SeraiHeaders {
    /** The inbound transfer's id, text. */
    public static final String TRANSFER_ID = "CamelSeraiTransferId";

    /** The id of the file through all its transfers, text. */
    public static final String FILE_ID = "CamelSeraiFileId";

    /** The account that sent the file; absent where it was pulled from a site. */
    public static final String ACCOUNT = "CamelSeraiAccount";

    /** The site that the file was pulled from; absent where a partner sent it. */
    public static final String SITE = "CamelSeraiSite";

    /** The file's whole path in the account's home or at the site. */
    public static final String PATH = "CamelSeraiPath";

    /** The last segment of the path, made safe as a file name; the same as {@code CamelFileName} at the beginning. */
    public static final String FILE_NAME = "CamelSeraiFileName";

    /** The size in bytes, a long. */
    public static final String SIZE = "CamelSeraiSize";

    /** The SHA-256 of the bytes that arrived, lower-case hex. */
    public static final String SHA256 = "CamelSeraiSha256";

    /** The event's id, a long. */
    public static final String EVENT_ID = "CamelSeraiEventId";

    /** Which attempt at the event this is, an integer, 1 for the first. */
    public static final String ATTEMPT = "CamelSeraiAttempt";

    /** The schedule that fired; absent where none did. */
    public static final String SCHEDULE = "CamelSeraiSchedule";

    /** The time that the schedule named, ISO 8601 in UTC, text. */
    public static final String FIRE_TIME = "CamelSeraiFireTime";

    private SeraiHeaders() {}
}
