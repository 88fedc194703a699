package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Status;

/** Maps errors to the link's statuses, and back. */
final class StatusCodes {
    private StatusCodes() {}

    static Status of(ErrorCode code) {
        return switch (code) {
            case NO_SUCH_FILE -> Status.NO_SUCH_FILE;
            case PERMISSION_DENIED -> Status.PERMISSION_DENIED;
            case EXISTS -> Status.EXISTS;
            case NOT_EMPTY -> Status.NOT_EMPTY;
            case NOT_A_FOLDER -> Status.NOT_A_DIRECTORY;
            case IS_A_FOLDER -> Status.IS_A_DIRECTORY;
            case NAME_INVALID -> Status.NAME_INVALID;
            case QUOTA -> Status.QUOTA;
            case TOO_LARGE -> Status.TOO_LARGE;
            case LOCKED -> Status.LOCKED;
            case REJECTED_CONTENT -> Status.REJECTED_CONTENT;
            case UNSUPPORTED -> Status.UNSUPPORTED;
            case NO_SESSION -> Status.NO_SESSION;
            case LOGIN_REFUSED -> Status.LOGIN_REFUSED;
            case PARTNER_ABORT -> Status.PARTNER_ABORT;
            case BAD_OFFSET -> Status.BAD_OFFSET;
            case CHANGED -> Status.CHANGED;
            case CANCELLED -> Status.CANCELLED;
            case UNKNOWN_OUTCOME -> Status.UNKNOWN_OUTCOME;
            case NO_SPACE -> Status.NO_SPACE;
            case BUSY, SITE_FULL -> Status.BUSY;
            case INTERRUPTED -> Status.UNAVAILABLE;
            case DATABASE_DOWN, STORAGE_DOWN, FENCED -> Status.UNAVAILABLE;
            case SITE_UNREACHABLE,
                    SITE_PROXY_DOWN,
                    SITE_TIMEOUT,
                    SITE_FAILED,
                    STEP_FAILED,
                    SITE_LOGIN_REFUSED,
                    SITE_UNTRUSTED,
                    SITE_REJECTED,
                    NO_SUCH_OBJECT,
                    OBJECT_IN_USE,
                    INVALID,
                    CONFLICT,
                    DEFECT -> Status.INTERNAL;
        };
    }

    static ErrorCode of(Status status) {
        return switch (status) {
            case NO_SUCH_FILE -> ErrorCode.NO_SUCH_FILE;
            case PERMISSION_DENIED -> ErrorCode.PERMISSION_DENIED;
            case EXISTS -> ErrorCode.EXISTS;
            case NOT_EMPTY -> ErrorCode.NOT_EMPTY;
            case NOT_A_DIRECTORY -> ErrorCode.NOT_A_FOLDER;
            case IS_A_DIRECTORY -> ErrorCode.IS_A_FOLDER;
            case NAME_INVALID -> ErrorCode.NAME_INVALID;
            case QUOTA -> ErrorCode.QUOTA;
            case NO_SPACE -> ErrorCode.NO_SPACE;
            case TOO_LARGE -> ErrorCode.TOO_LARGE;
            case LOCKED -> ErrorCode.LOCKED;
            case REJECTED_CONTENT -> ErrorCode.REJECTED_CONTENT;
            case UNSUPPORTED -> ErrorCode.UNSUPPORTED;
            case NO_SESSION -> ErrorCode.NO_SESSION;
            case LOGIN_REFUSED -> ErrorCode.LOGIN_REFUSED;
            case BAD_OFFSET -> ErrorCode.BAD_OFFSET;
            case CANCELLED -> ErrorCode.CANCELLED;
            case CHANGED -> ErrorCode.CHANGED;
            case PARTNER_ABORT -> ErrorCode.PARTNER_ABORT;
            case UNKNOWN_OUTCOME -> ErrorCode.UNKNOWN_OUTCOME;
            case BUSY, TIMEOUT -> ErrorCode.BUSY;
            case UNAVAILABLE -> ErrorCode.STORAGE_DOWN;
            case OK, FLOW_CONTROL, PROTOCOL, INTERNAL -> ErrorCode.DEFECT;
        };
    }

    /** The message of a failure that this exception is; a defect's text stays here. */
    static byte[] failure(SeraiException e) {
        String text = of(e.code()) == Status.INTERNAL ? "internal error" : e.text();
        return new Failure(text, 0).encode();
    }

    /** The exception that this answer stands for. */
    static SeraiException exception(Status status, byte[] payload, String doing) {
        String text;
        try {
            text = Failure.decode(payload).text();
        } catch (ProtocolViolation e) {
            text = "";
        }
        return new SeraiException(of(status), text.isEmpty() ? doing + " failed: " + status : text);
    }
}
