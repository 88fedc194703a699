package io.serai.config.object;

import java.time.Duration;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.OptionalLong;
import java.util.Set;

/** What optional fields of a document are when they are left out. */
public final class ObjectDefaults {
    public static final Set<Permission> PERMISSIONS = Set.copyOf(EnumSet.allOf(Permission.class));
    public static final Set<Protocol> PROTOCOLS = Set.copyOf(EnumSet.allOf(Protocol.class));
    public static final Account.Limits LIMITS =
            new Account.Limits(10, OptionalLong.empty(), OptionalLong.empty(), Duration.ofMinutes(10));

    public static final String FOLDER = "";
    public static final Site.TlsMode TLS_MODE = Site.TlsMode.EXPLICIT;
    public static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    public static final Duration TIMEOUT = Duration.ofSeconds(60);
    public static final int MAX_PARALLEL = 4;

    public static final ZoneChoice SITE_ZONE = ZoneChoice.Word.DEFAULT;

    /** Where an edge listens for links. */
    public static final int LINK_PORT = 7443;

    /** Of a zone's listeners: every address of the edge. */
    public static final String LISTENER_ADDRESS = "0.0.0.0";

    public static final Zone.WhenDown WHEN_DOWN = Zone.WhenDown.REFUSE;
    public static final Duration OUTBOUND_IDLE = Duration.ofMinutes(30);

    public static final int RESOURCE_CONNECTIONS = 8;
    public static final Duration RESOURCE_TIMEOUT = Duration.ofSeconds(30);

    public static final ZoneId TIME_ZONE = ZoneOffset.UTC;
    public static final Schedule.Missed MISSED = Schedule.Missed.RUN_ONCE;
    public static final Schedule.Holidays HOLIDAYS = Schedule.Holidays.SKIP;
    public static final Schedule.Overlap OVERLAP = Schedule.Overlap.SKIP;

    private ObjectDefaults() {}

    /** The port that the protocol has by custom. */
    public static int port(Protocol protocol, Site.TlsMode tlsMode) {
        return switch (protocol) {
            case SFTP -> 22;
            case FTPS ->
                switch (tlsMode) {
                    case EXPLICIT -> 21;
                    case IMPLICIT -> 990;
                };
            case HTTPS -> 443;
        };
    }
}
