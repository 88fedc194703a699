package io.serai.endpoint.http;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;

/** What HTTP answers for each error; the only place that knows. */
final class HttpErrors {
    private HttpErrors() {}

    static int status(ErrorCode code) {
        return switch (code) {
            case NO_SUCH_FILE -> 404;
            case PERMISSION_DENIED -> 403;
            case EXISTS -> 412;
            case NOT_EMPTY, NOT_A_FOLDER, IS_A_FOLDER, BAD_OFFSET, CHANGED, CANCELLED -> 409;
            case NAME_INVALID, PARTNER_ABORT, INVALID -> 400;
            case QUOTA, NO_SPACE -> 507;
            case TOO_LARGE -> 413;
            case LOCKED -> 423;
            case REJECTED_CONTENT -> 422;
            case UNSUPPORTED -> 501;
            case NO_SESSION, LOGIN_REFUSED -> 401;
            case SITE_UNREACHABLE, SITE_PROXY_DOWN, SITE_FAILED, SITE_LOGIN_REFUSED, SITE_UNTRUSTED, SITE_REJECTED ->
                502;
            case SITE_TIMEOUT -> 504;
            case DATABASE_DOWN, STORAGE_DOWN, BUSY, SITE_FULL, FENCED, UNKNOWN_OUTCOME, INTERRUPTED -> 503;
            case STEP_FAILED, NO_SUCH_OBJECT, OBJECT_IN_USE, CONFLICT, DEFECT -> 500;
        };
    }

    /** What the partner may read: our own troubles in general words, theirs in particular ones. */
    static String message(SeraiException refusal) {
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
