package io.serai.cluster.storage;

import io.serai.config.name.AccountName;
import io.serai.config.name.FileId;
import io.serai.config.name.RouteId;
import io.serai.config.name.SessionId;
import io.serai.config.name.SiteName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How bytes that come in become a file: staging, fsync, kept content (hard link), one transaction for the ledger row and
 * the arrival events, rename into place, sync of the directory. A crash between any two of these ends in the same state.
 */
public interface Receiving {
    /** Opens an upload of a partner into its home. */
    Incoming receive(Upload upload);

    /** Opens the fetch of a site's file: it is kept as content for its route and has no visible name. */
    Incoming receive(Pull pull);

    /** Opens the taking of a file from a monitored folder: it is kept as content for its route, as a pull is. */
    Incoming receive(Monitored monitored);

    /**
     * An upload.
     *
     * @param expectedBytes a commit of another size is refused with {@code PARTNER_ABORT}
     * @param maxBytes a write beyond is refused with {@code TOO_LARGE}
     * @param quotaBytes what the home may hold; a write beyond is refused with {@code QUOTA}. The home is measured when
     *     the upload is opened, so uploads that run at the same time may exceed it together
     * @param transfer its id, unless a new one is made
     */
    record Upload(
            AccountName account,
            VirtualPath path,
            Mode mode,
            OptionalLong expectedBytes,
            OptionalLong maxBytes,
            OptionalLong quotaBytes,
            Protocol protocol,
            String listener,
            String peer,
            SessionId session,
            Optional<TransferId> transfer) {}

    /** How an upload begins: see {@code UploadMode} of the endpoints, which this mirrors. */
    enum Mode {
        CREATE_NEW,
        REPLACE,
        RESUME
    }

    /**
     * A fetch.
     *
     * @param remotePath the file's path at the site, as data
     * @param alongside what is committed together with the ledger row and the event
     */
    record Pull(
            SiteName site, RouteId route, Protocol protocol, String remotePath, String peer, InTransaction alongside) {}

    /**
     * A file of a monitored folder.
     *
     * @param path absolute, as data
     * @param alongside what is committed together with the ledger row and the event
     */
    record Monitored(RouteId route, String path, InTransaction alongside) {}

    /** More work for the committing transaction. */
    @FunctionalInterface
    interface InTransaction {
        void run(Connection connection, Received received) throws SQLException;
    }

    /**
     * What was received.
     *
     * @param account empty for a pull and for a monitored folder
     * @param site of a pull
     * @param route of a pull and of a monitored folder
     * @param path the path in the home, or the remote path as text for a pull
     */
    record Received(
            TransferId transfer,
            FileId file,
            Optional<AccountName> account,
            Optional<SiteName> site,
            Optional<RouteId> route,
            String path,
            long sizeBytes,
            String sha256,
            String version) {}
}
