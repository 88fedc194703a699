package io.serai.cluster.storage;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;

/**
 * Says what an {@link IOException} of the file system means to Serai. Where the JDK has no exception class of its own
 * it goes by the text of the system's error; an error that it does not know is {@code STORAGE_DOWN}. The messages never
 * hold a path of the server.
 */
final class FileErrors {
    private FileErrors() {}

    static SeraiException of(IOException failure, String what) {
        ErrorCode code = code(failure);
        return new SeraiException(code, what + ": " + meaning(code, failure), failure);
    }

    static ErrorCode code(IOException failure) {
        if (failure instanceof NoSuchFileException) {
            return ErrorCode.NO_SUCH_FILE;
        }
        if (failure instanceof FileAlreadyExistsException) {
            return ErrorCode.EXISTS;
        }
        if (failure instanceof DirectoryNotEmptyException) {
            return ErrorCode.NOT_EMPTY;
        }
        if (failure instanceof NotDirectoryException) {
            return ErrorCode.NOT_A_FOLDER;
        }
        return codeOfText(systemText(failure));
    }

    private static ErrorCode codeOfText(String text) {
        return switch (text) {
            case "No space left on device", "Disk quota exceeded", "File too large" -> ErrorCode.NO_SPACE;
            case "Not a directory" -> ErrorCode.NOT_A_FOLDER;
            case "Is a directory" -> ErrorCode.IS_A_FOLDER;
            case "Directory not empty" -> ErrorCode.NOT_EMPTY;
            case "File exists" -> ErrorCode.EXISTS;
            case "File name too long" -> ErrorCode.NAME_INVALID;
            // A link where a file was expected: links do not exist for partners.
            case "Too many levels of symbolic links" -> ErrorCode.NO_SUCH_FILE;
            default -> ErrorCode.STORAGE_DOWN;
        };
    }

    private static String meaning(ErrorCode code, IOException failure) {
        return switch (code) {
            case NO_SUCH_FILE -> "there is no such file or folder";
            case EXISTS -> "a file or folder of that name exists";
            case NOT_EMPTY -> "the folder is not empty";
            case NOT_A_FOLDER -> "a part of the path is not a folder";
            case IS_A_FOLDER -> "it is a folder";
            case NAME_INVALID -> "the name is too long for the file system";
            case NO_SPACE -> "the storage is full; free some space or enlarge it";
            default -> {
                String text = systemText(failure);
                yield "the storage failed ("
                        + (text.isEmpty() ? failure.getClass().getSimpleName() : text) + ")";
            }
        };
    }

    private static String systemText(IOException failure) {
        @Nullable
        String text = failure instanceof FileSystemException system ? system.getReason() : failure.getMessage();
        return text == null ? "" : text;
    }
}
