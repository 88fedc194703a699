package io.serai.route.site.connection;

import java.io.InputStream;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A logged-in connection to a site that has folders and names (SFTP, FTPS). Used by one thread at a time; only its line
 * may be cut by others. Every operation throws a {@link io.serai.config.error.SeraiException} whose code says whether it
 * is worth another attempt. Nothing reconnects by itself: after a failure of kind REMOTE the connection is closed.
 */
public interface SiteConnection extends Reusable {
    /** Sends all bytes to a file of that path, replacing one that is there. Part of it stays when this fails. */
    void store(String path, InputStream body);

    /**
     * Sends bytes to a file that is there, from an offset within it on; what is in front of the offset stays. A site that
     * refuses this has its file as it was, or removed bytes behind the offset.
     */
    void storeFrom(String path, long offset, InputStream body);

    /** Some bytes of a file; empty when the site lets no part of a file be read, or fewer are there. */
    Optional<byte[]> read(String path, long offset, int length);

    /** The SHA-256 of a file as the site computes it, in lower-case hex; empty when it does not. */
    Optional<String> sha256(String path);

    /** The entry of that path; empty when there is none. */
    Optional<RemoteEntry> stat(String path);

    /**
     * Gives a file another name.
     *
     * @param replaced how a file that has the new name gives way, where the site does not replace by itself; empty when it
     *     keeps its name there
     * @return false when there is no file of the old name
     */
    boolean rename(String from, String to, Optional<Replaced> replaced);

    /** Removes a file; false when there was none. */
    boolean delete(String path);

    /** Shows the entries of a folder one by one, until the predicate returns false. */
    void list(String folder, Predicate<RemoteEntry> each);

    /** Opens a file for reading from its beginning. {@link Fetch#complete} tells whether the site sent all of it. */
    Fetch fetch(String path);

    /**
     * How a file gives way to one that gets its name, where that takes several requests. It is moved and not removed
     * before the other has the name: whoever finds then that the other is gone, because a new owner of the work gave it
     * the name in the meantime, has taken the new owner's file and gives it back.
     *
     * @param aside a name that nobody else uses; the file keeps it if the connection breaks in between
     * @param permitted called right before the first change; throws when the work belongs to another by now
     */
    record Replaced(String aside, Runnable permitted) {}

    /** A file that is being fetched. */
    interface Fetch extends AutoCloseable {
        InputStream stream();

        /** After the end of the stream: checks that the site says that it sent the file to its end. */
        void complete();

        /** Gives up the rest; never throws. */
        @Override
        void close();
    }
}
