package io.serai.cluster.storage;

import io.serai.config.name.AccountName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.time.Instant;
import java.util.Optional;

/**
 * Account homes and kept content on the shared file system. Every path is canonical by its type; links are never
 * followed. Refusals are {@link io.serai.config.error.SeraiException}s with the codes of kind PARTNER; trouble of the
 * file system is {@code NO_SPACE} or {@code STORAGE_DOWN}. Safe for use by many threads.
 */
public interface Storage {
    /** Makes the account's home and its declared folders where they are missing. Idempotent. */
    void prepareHome(AccountName account, Iterable<VirtualPath> folders);

    /** A visible file or folder; {@code NO_SUCH_FILE} when there is none. */
    FileInfo stat(AccountName account, VirtualPath path);

    /** The kept part of an interrupted upload of that name, if there is one. */
    Optional<FileInfo> part(AccountName account, VirtualPath path);

    /** Entries of a folder in order of their names, after the given name, at most {@code limit}. */
    FolderListing list(AccountName account, VirtualPath folder, Optional<String> after, int limit);

    void makeFolder(AccountName account, VirtualPath path);

    /** Removes an empty folder. */
    void removeFolder(AccountName account, VirtualPath path);

    void removeFile(AccountName account, VirtualPath path);

    /** Renames within the home; {@code EXISTS} when the target exists and {@code ifExists} is REFUSE. */
    void rename(AccountName account, VirtualPath from, VirtualPath to, IfExists ifExists);

    void setModified(AccountName account, VirtualPath path, Instant modified);

    /** Opens a visible file for reading; later changes to the name do not change what is read. */
    OpenFile open(AccountName account, VirtualPath path);

    /** Opens the kept content of an inbound transfer; {@code NO_SUCH_FILE} once it has expired. */
    OpenFile openContent(TransferId transfer);

    /** What to do when a rename's target exists. */
    enum IfExists {
        REFUSE,
        REPLACE
    }
}
