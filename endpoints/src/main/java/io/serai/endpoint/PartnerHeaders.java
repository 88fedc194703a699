package io.serai.endpoint;

/**
 * What the routes of listeners may look at without opening the body, for conditions and throttles. {@link PartnerPort} sets
 * them; nothing that a partner writes is among them.
 */
public final class PartnerHeaders {
    /** What is asked, as {@link PartnerOperation} calls it: {@code OpenSession} is a new connection. */
    public static final String OPERATION = "CamelSeraiOperation";

    /** The partner's address, such as {@code 203.0.113.9}; with {@code OpenSession} only. */
    public static final String CLIENT_ADDRESS = "CamelSeraiClientAddress";

    /** The listener's name; with {@code OpenSession} only. */
    public static final String LISTENER = "CamelSeraiListener";

    /** SFTP, FTPS or HTTPS; with {@code OpenSession} only. */
    public static final String PROTOCOL = "CamelSeraiProtocol";

    private PartnerHeaders() {}
}
