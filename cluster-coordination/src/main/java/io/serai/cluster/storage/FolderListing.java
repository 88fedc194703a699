package io.serai.cluster.storage;

import java.util.List;

/** A page of a folder, sorted by name, and whether more follows. */
public record FolderListing(List<FileInfo> entries, boolean more) {
    public FolderListing {
        entries = List.copyOf(entries);
    }
}
