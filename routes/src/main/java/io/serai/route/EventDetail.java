package io.serai.route;

/** The keys of {@link io.serai.cluster.event.NewEvent#detail()} that events with a file carry. */
public final class EventDetail {
    public static final String ACCOUNT = "account";
    public static final String SITE = "site";
    public static final String SIZE_BYTES = "sizeBytes";
    public static final String SHA256 = "sha256";

    private EventDetail() {}
}
