package io.serai.edge.message;

/** How a request or a stream ended; the number travels in REPLY, RESULT and RESET. Numbers are never used again. */
public enum Status {
    OK(0),
    NO_SUCH_FILE(1),
    PERMISSION_DENIED(2),
    EXISTS(3),
    NOT_EMPTY(4),
    NOT_A_DIRECTORY(5),
    IS_A_DIRECTORY(6),
    NAME_INVALID(7),
    QUOTA(8),
    NO_SPACE(9),
    TOO_LARGE(10),
    LOCKED(11),
    REJECTED_CONTENT(12),
    UNSUPPORTED(13),
    NO_SESSION(14),
    BUSY(15),
    UNAVAILABLE(16),
    TIMEOUT(17),
    UNKNOWN_OUTCOME(18),
    CHANGED(19),
    PARTNER_ABORT(20),
    FLOW_CONTROL(21),
    PROTOCOL(22),
    INTERNAL(23),
    LOGIN_REFUSED(24),
    BAD_OFFSET(25),
    CANCELLED(26);

    private static final Status[] BY_NUMBER = values();

    private final int number;

    Status(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    /** The status of that number; one that a newer peer may have invented is {@link #INTERNAL}. */
    public static Status of(int number) {
        return number < BY_NUMBER.length ? BY_NUMBER[number] : INTERNAL;
    }
}
