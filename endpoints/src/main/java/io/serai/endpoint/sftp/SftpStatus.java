package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;

/**
 * The status codes of SFTP version 3 (draft-ietf-secsh-filexfer-02 section 7), and which of them answers which error. The
 * texts are fixed, so that nothing of our insides reaches a partner.
 *
 * @param code the code on the wire
 * @param text what clients show to their users
 */
record SftpStatus(int code, String text) {
    static final int OK = 0;
    static final int EOF = 1;
    static final int NO_SUCH_FILE = 2;
    static final int PERMISSION_DENIED = 3;
    static final int FAILURE = 4;
    static final int BAD_MESSAGE = 5;
    static final int OP_UNSUPPORTED = 8;

    /** The answer to an error. */
    static SftpStatus of(ErrorCode code) {
        return switch (code) {
            case NO_SUCH_FILE -> new SftpStatus(NO_SUCH_FILE, "No such file");
            case PERMISSION_DENIED -> new SftpStatus(PERMISSION_DENIED, "Permission denied");
            case EXISTS -> failure("The name is taken");
            case NOT_EMPTY -> failure("The folder is not empty");
            case NOT_A_FOLDER -> new SftpStatus(NO_SUCH_FILE, "Not a folder");
            case IS_A_FOLDER -> failure("It is a folder");
            case NAME_INVALID -> failure("The name is not allowed");
            case QUOTA -> failure("The quota is used up");
            case TOO_LARGE -> failure("The file is too large");
            case LOCKED -> failure("The file is in use");
            case REJECTED_CONTENT -> failure("The content was rejected");
            case UNSUPPORTED -> new SftpStatus(OP_UNSUPPORTED, "Not supported");
            case NO_SESSION, LOGIN_REFUSED -> failure("The session has ended");
            case PARTNER_ABORT -> failure("The upload is incomplete; it is kept and can be resumed");
            case BAD_OFFSET -> failure("The offset does not fit what is held");
            case CHANGED -> failure("The file was replaced while it was read");
            case CANCELLED -> failure("The transfer was cancelled");
            case NO_SPACE -> failure("No space left; try again later");
            case DATABASE_DOWN, STORAGE_DOWN, BUSY, SITE_FULL -> failure("Temporarily not available; try again later");
            case INTERRUPTED -> failure("The transfer was interrupted; it can be resumed from the size that is kept");
            case UNKNOWN_OUTCOME -> failure("The outcome is unknown; check before you try again");
            case FENCED -> failure("This server hands its work over; connect again");
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
                    DEFECT -> failure("The server failed");
        };
    }

    private static SftpStatus failure(String text) {
        return new SftpStatus(FAILURE, text);
    }
}
