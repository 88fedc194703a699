package io.serai.endpoint.ftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;

/** What FTP answers for each error (RFC 959 section 4.2); the only place that knows. */
final class FtpReplies {
    private FtpReplies() {}

    static Answer of(SeraiException refusal) {
        return Answer.of(code(refusal.code()), message(refusal));
    }

    static int code(ErrorCode code) {
        return switch (code) {
            case NO_SUCH_FILE, PERMISSION_DENIED, EXISTS, NOT_EMPTY, NOT_A_FOLDER, IS_A_FOLDER -> 550;
            case REJECTED_CONTENT, CANCELLED -> 550;
            case NAME_INVALID -> 553;
            case QUOTA, TOO_LARGE -> 552;
            case LOCKED -> 450;
            case UNSUPPORTED -> 504;
            case NO_SESSION, LOGIN_REFUSED -> 530;
            case PARTNER_ABORT, INTERRUPTED -> 426;
            case BAD_OFFSET -> 554;
            case CHANGED -> 451;
            case NO_SPACE -> 452;
            case DATABASE_DOWN, STORAGE_DOWN, BUSY, SITE_FULL, FENCED, UNKNOWN_OUTCOME -> 451;
            case SITE_UNREACHABLE, SITE_PROXY_DOWN, SITE_TIMEOUT, SITE_FAILED, STEP_FAILED -> 451;
            case INVALID -> 501;
            case SITE_LOGIN_REFUSED, SITE_UNTRUSTED, SITE_REJECTED, NO_SUCH_OBJECT, OBJECT_IN_USE, CONFLICT -> 451;
            case DEFECT -> 451;
        };
    }

    /** What the partner may read: our own troubles in general words, theirs in particular ones. */
    private static String message(SeraiException refusal) {
        if (refusal.code() == ErrorCode.INTERRUPTED) {
            return "The transfer was interrupted; it can be resumed from the size that is kept";
        }
        return switch (refusal.kind()) {
            case PARTNER -> refusal.text();
            case RESOURCE, FENCED, REMOTE -> "The server cannot do this at the moment; try again later";
            case SETUP, DEFECT -> "The server failed; its operator finds the reason in its log";
        };
    }
}
