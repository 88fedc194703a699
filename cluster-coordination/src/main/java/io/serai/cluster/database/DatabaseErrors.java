package io.serai.cluster.database;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Says what an {@link SQLException} means to Serai. Messages hold the server's primary text only: its detail shows
 * the values of rows.
 */
public final class DatabaseErrors {
    private DatabaseErrors() {}

    /** The error of a statement whose transaction was, or is going to be, rolled back. */
    public static SeraiException of(SQLException failure) {
        ErrorCode code = code(failure);
        return new SeraiException(code, meaning(code) + " (" + text(failure) + ")", failure);
    }

    /**
     * The error of a COMMIT. When the server itself said that it rolled back, the outcome is known; otherwise the
     * caller has to read again, by an id that it made, whether the transaction happened.
     */
    public static SeraiException ofCommit(SQLException failure) {
        String state = state(failure);
        boolean knownRollback =
                state.startsWith("23") || state.equals("25P02") || (state.startsWith("40") && !state.equals("40003"));
        return knownRollback ? of(failure) : unknown(failure);
    }

    /** The error of a statement that was a transaction of its own: without an answer its outcome is unknown. */
    public static SeraiException ofStatement(SQLException failure) {
        return isConnectionLost(failure) ? unknown(failure) : of(failure);
    }

    private static SeraiException unknown(SQLException failure) {
        return new SeraiException(
                ErrorCode.UNKNOWN_OUTCOME,
                "the database did not confirm a commit, so the transaction may or may not have happened ("
                        + text(failure) + ")",
                failure);
    }

    private static String meaning(ErrorCode code) {
        return switch (code) {
            case DATABASE_DOWN -> "the database cannot be used at the moment; the work is retried";
            case BUSY -> "the database took too long or another transaction was in the way; the work is retried";
            case CONFLICT -> "a row with the same key exists already";
            default -> "the database refused a statement";
        };
    }

    private static ErrorCode code(SQLException failure) {
        String state = state(failure);
        if (state.isEmpty()) {
            return hasNetworkCause(failure) ? ErrorCode.DATABASE_DOWN : ErrorCode.DEFECT;
        }
        return switch (state) {
            case "25006", "25P03", "25P04", "57P01", "57P02", "57P03", "57P05" -> ErrorCode.DATABASE_DOWN;
            case "57014", "55P03", "40001", "40P01" -> ErrorCode.BUSY;
            case "23505" -> ErrorCode.CONFLICT;
            default -> codeOfClass(state.substring(0, 2));
        };
    }

    private static ErrorCode codeOfClass(String stateClass) {
        return switch (stateClass) {
            case "08", "28", "53", "58", "XX" -> ErrorCode.DATABASE_DOWN;
            default -> ErrorCode.DEFECT;
        };
    }

    static boolean isConnectionLost(SQLException failure) {
        return code(failure) == ErrorCode.DATABASE_DOWN;
    }

    static String state(SQLException failure) {
        String state = failure.getSQLState();
        return state == null || state.length() != 5 ? "" : state;
    }

    public static String text(SQLException failure) {
        String state = state(failure);
        String message = primaryMessage(failure);
        return state.isEmpty() ? message : "SQLState " + state + ": " + message;
    }

    private static String primaryMessage(SQLException failure) {
        if (failure instanceof PSQLException server) {
            ServerErrorMessage error = server.getServerErrorMessage();
            if (error != null && error.getMessage() != null) {
                return error.getMessage();
            }
        }
        String message = failure.getMessage();
        return message == null
                ? failure.getClass().getSimpleName()
                : message.lines().findFirst().orElse("");
    }

    private static boolean hasNetworkCause(SQLException failure) {
        @Nullable Throwable cause = failure.getCause();
        while (cause != null) {
            if (cause instanceof IOException) {
                return true;
            }
            if (cause instanceof SQLException sql && !state(sql).isEmpty()) {
                return code(sql) == ErrorCode.DATABASE_DOWN;
            }
            cause = cause.getCause();
        }
        return false;
    }
}
