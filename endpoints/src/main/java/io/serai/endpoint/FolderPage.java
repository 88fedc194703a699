package io.serai.endpoint;

import java.util.List;

/**
 * A page of a folder.
 *
 * @param entries sorted by name
 * @param more whether further entries follow the last one
 */
public record FolderPage(List<Entry> entries, boolean more) {
    /** A name in the folder and what it is. */
    public record Entry(String name, FileAttributes attributes) {}

    public FolderPage {
        entries = List.copyOf(entries);
    }
}
