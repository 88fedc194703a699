package io.serai.edge.message;

import io.serai.edge.frame.FrameType;
import java.util.Optional;

/**
 * What a REQUEST or an OPEN asks for; all are asked by the edge, but for {@link #TCP_CONNECT}. Numbers are never used again.
 * Reserved, until they are needed: 6 to 9 (further ways to log in), 25 to 31 (links, checksums, file system figures).
 */
public enum Method {
    SESSION_OPEN(1, Repeat.NEVER),
    AUTH_PASSWORD(2, Repeat.NEVER),
    AUTH_PUBKEY_QUERY(3, Repeat.ALWAYS),
    AUTH_PUBKEY(4, Repeat.NEVER),
    SESSION_RESUME(5, Repeat.NEVER),
    SESSION_CLOSE(10, Repeat.ALWAYS),
    STAT(16, Repeat.ALWAYS),
    LIST(17, Repeat.ALWAYS),
    MAKE_FOLDER(18, Repeat.WITH_OPERATION_ID),
    REMOVE_FOLDER(19, Repeat.WITH_OPERATION_ID),
    REMOVE_FILE(20, Repeat.WITH_OPERATION_ID),
    RENAME(21, Repeat.WITH_OPERATION_ID),
    SET_MODIFIED(22, Repeat.WITH_OPERATION_ID),
    UPLOAD_QUERY(23, Repeat.ALWAYS),
    UPLOAD_FLUSH(24, Repeat.ALWAYS),
    READ(32, Repeat.NEVER),
    WRITE(33, Repeat.NEVER),
    /** Asked by a server: connect to this destination and relay. */
    TCP_CONNECT(34, Repeat.NEVER),
    /** A client has connected to a listener of the edge that relays to a listener of the server. */
    TCP_ACCEPTED(35, Repeat.NEVER),
    /** How an edge is; the reply is its configuration where it has another one in force. */
    EDGE_SYNC(48, Repeat.ALWAYS),
    /** The route files of an edge that has its own; the reply says what it is to do with them. */
    EDGE_FILES(49, Repeat.ALWAYS);

    /** Whether a request whose connection was lost before its reply came may be sent again on another one. */
    public enum Repeat {
        NEVER,
        /** It changes nothing, or twice is as good as once. */
        ALWAYS,
        /** It carries an operation id, by which the other side knows what it has done already. */
        WITH_OPERATION_ID
    }

    private final int number;
    private final Repeat repeat;

    Method(int number, Repeat repeat) {
        this.number = number;
        this.repeat = repeat;
    }

    public int number() {
        return number;
    }

    /** The most that its request may carry; several times what it needs, for fields of later versions. */
    public int requestBytes() {
        return switch (this) {
            case RENAME, AUTH_PUBKEY -> 64 << 10;
            case EDGE_SYNC, EDGE_FILES -> FrameType.MESSAGE_BYTES;
            default -> 32 << 10;
        };
    }

    /** Whether it opens a stream instead of asking for a reply. */
    public boolean isOfStreams() {
        return number >= READ.number;
    }

    public Repeat repeat() {
        return repeat;
    }

    public static Optional<Method> of(int number) {
        for (Method method : values()) {
            if (method.number == number) {
                return Optional.of(method);
            }
        }
        return Optional.empty();
    }
}
