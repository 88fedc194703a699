package io.serai.route.session;

import io.serai.cluster.storage.FileInfo;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FileAttributes.FileType;

/** Storage's view of a file as a partner sees it. */
final class Attributes {
    private Attributes() {}

    static FileAttributes of(FileInfo info) {
        FileType type = info.folder() ? FileType.FOLDER : FileType.FILE;
        return new FileAttributes(type, info.sizeBytes(), info.modified(), info.version());
    }

    /** The kept part of an interrupted upload. */
    static FileAttributes ofPart(FileInfo info) {
        return new FileAttributes(FileType.PART, info.sizeBytes(), info.modified(), info.version());
    }
}
