package io.serai.config.error;

import org.jspecify.annotations.Nullable;

/**
 * The one unchecked exception of Serai. The message says what failed, for which transfer or object, and what happens
 * next or how to mend it; it never holds a secret.
 */
public final class SeraiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    public SeraiException(ErrorCode code, String message) {
        this(code, message, null);
    }

    public SeraiException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public ErrorCode code() {
        return code;
    }

    public ErrorKind kind() {
        return code.kind();
    }

    /** The message, for signatures where a text is needed; never null. */
    public String text() {
        String message = getMessage();
        return message == null ? code.name() : message;
    }
}
