package io.serai.config.error;

/** Every error that Serai names. One class per protocol maps these to the protocol's replies, exhaustively. */
public enum ErrorCode {
    NO_SUCH_FILE(ErrorKind.PARTNER),
    PERMISSION_DENIED(ErrorKind.PARTNER),
    EXISTS(ErrorKind.PARTNER),
    NOT_EMPTY(ErrorKind.PARTNER),
    NOT_A_FOLDER(ErrorKind.PARTNER),
    IS_A_FOLDER(ErrorKind.PARTNER),
    NAME_INVALID(ErrorKind.PARTNER),
    QUOTA(ErrorKind.PARTNER),
    TOO_LARGE(ErrorKind.PARTNER),
    LOCKED(ErrorKind.PARTNER),
    REJECTED_CONTENT(ErrorKind.PARTNER),
    UNSUPPORTED(ErrorKind.PARTNER),
    /** The session is unknown, was ended or has not logged in. */
    NO_SESSION(ErrorKind.PARTNER),
    LOGIN_REFUSED(ErrorKind.PARTNER),
    /** The partner ended an upload without committing it, or sent fewer or more bytes than announced. */
    PARTNER_ABORT(ErrorKind.PARTNER),
    /** A resume at an offset that is not the number of bytes held. */
    BAD_OFFSET(ErrorKind.PARTNER),
    /** The content was replaced while it was being read. */
    CHANGED(ErrorKind.PARTNER),
    /** An operator cancelled the transfer. */
    CANCELLED(ErrorKind.PARTNER),

    SITE_UNREACHABLE(ErrorKind.REMOTE),
    SITE_TIMEOUT(ErrorKind.REMOTE),
    /** No edge or proxy of the site's zone could be reached or worked; nothing is known of the site itself. */
    SITE_PROXY_DOWN(ErrorKind.REMOTE),
    /** The site answered with a failure that may pass (full disk, busy, 5xx). */
    SITE_FAILED(ErrorKind.REMOTE),
    /** A step of a route failed for a reason that Serai does not know; retried as if it were remote. */
    STEP_FAILED(ErrorKind.REMOTE),
    /** A reply was lost: the effect is unknown and is found out at the next attempt. */
    UNKNOWN_OUTCOME(ErrorKind.REMOTE),

    NO_SPACE(ErrorKind.RESOURCE),
    DATABASE_DOWN(ErrorKind.RESOURCE),
    STORAGE_DOWN(ErrorKind.RESOURCE),
    /** Too much work at the moment, or shutting down. */
    BUSY(ErrorKind.RESOURCE),
    /** The server that held an open file is gone; what it has kept can be resumed. */
    INTERRUPTED(ErrorKind.RESOURCE),
    /** The site has its most transfers at the same time already; the event waits for a place. */
    SITE_FULL(ErrorKind.RESOURCE),

    FENCED(ErrorKind.FENCED),

    SITE_LOGIN_REFUSED(ErrorKind.SETUP),
    /** The host key or certificate of a site is unknown or differs from the trusted one. */
    SITE_UNTRUSTED(ErrorKind.SETUP),
    /** The site refused this file for good (no such folder, permission denied, 4xx). */
    SITE_REJECTED(ErrorKind.SETUP),
    NO_SUCH_OBJECT(ErrorKind.SETUP),
    OBJECT_IN_USE(ErrorKind.SETUP),
    /** A setting, a configuration object or a route is wrong; the message names file, line or field and the mend. */
    INVALID(ErrorKind.SETUP),
    /** The object was changed by someone else since it was read. */
    CONFLICT(ErrorKind.SETUP),

    DEFECT(ErrorKind.DEFECT);

    private final ErrorKind kind;

    ErrorCode(ErrorKind kind) {
        this.kind = kind;
    }

    public ErrorKind kind() {
        return kind;
    }
}
