package io.serai.edge.tcp;

import io.serai.edge.message.Status;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;

/** A connection could not be made; the text is for logs and operators. */
public final class TcpFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final Status status;

    TcpFailure(Status status, String text) {
        super(text);
        this.status = status;
    }

    /** What any failure of a future here means. */
    static TcpFailure of(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof TcpFailure known) {
            return known;
        }
        if (cause instanceof TimeoutException) {
            return new TcpFailure(Status.TIMEOUT, "no connection in time");
        }
        return cause instanceof CancellationException
                ? new TcpFailure(Status.CANCELLED, "nobody waits any more")
                : new TcpFailure(
                        Status.INTERNAL, "internal error: " + cause.getClass().getSimpleName());
    }

    public Status status() {
        return status;
    }

    /** The message; never null. */
    public String text() {
        String message = getMessage();
        return message == null ? status.name() : message;
    }
}
