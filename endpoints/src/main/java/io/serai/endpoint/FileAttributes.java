package io.serai.endpoint;

import java.time.Instant;

/**
 * A file or folder as a partner sees it.
 *
 * @param sizeBytes 0 for a folder
 * @param version an opaque tag of the content: another version, other bytes; the ETag of HTTP
 */
public record FileAttributes(FileType type, long sizeBytes, Instant modified, String version) {
    /** What a name stands for; links and devices do not exist here. */
    public enum FileType {
        FILE,
        FOLDER,
        /** The kept part of an interrupted upload; only ever seen with {@code StatPurpose.RESUME}. */
        PART
    }

    public boolean isFolder() {
        return type == FileType.FOLDER;
    }
}
