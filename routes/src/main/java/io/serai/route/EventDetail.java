package io.serai.route;

/** The keys of {@link io.serai.cluster.event.NewEvent#detail()} that events carry. */
public final class EventDetail {
    public static final String ACCOUNT = "account";
    public static final String SITE = "site";
    public static final String SIZE_BYTES = "sizeBytes";
    public static final String SHA256 = "sha256";

    public static final String SCHEDULE = "schedule";
    public static final String FIRE_TIME = "fireTime";

    private EventDetail() {}
}
