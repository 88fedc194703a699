package io.serai.endpoint;

import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One thing that a partner asks of us, as data: the body of the exchange that an inbound endpoint sends down its route.
 * The reply is the exchange's message body and is of {@link #replyType()}. A refusal is a
 * {@link io.serai.config.error.SeraiException}, whose code the protocol maps to its own reply; expected outcomes
 * (a refused login) are replies.
 *
 * <p>Whoever answers authorises every operation against the session's account; what the endpoint checked before is a
 * courtesy. All paths are canonical by their type.
 *
 * @param <R> what the reply is
 */
public sealed interface PartnerOperation<R> {
    /** The session that asks; made by the endpoint, known to the answering side since {@link OpenSession}. */
    SessionId session();

    Class<R> replyType();

    /** The reply to operations that return nothing. */
    enum Done {
        DONE
    }

    /** Operations that return nothing but success. */
    sealed interface Act extends PartnerOperation<Done> {
        @Override
        default Class<Done> replyType() {
            return Done.class;
        }
    }

    // ---- sessions and logins ----

    /** A connection was accepted; nobody has logged in yet. Sent once and first. */
    record OpenSession(SessionId session, Origin origin) implements PartnerOperation<SessionGreeting> {
        @Override
        public Class<SessionGreeting> replyType() {
            return SessionGreeting.class;
        }
    }

    /**
     * Where a session comes from.
     *
     * @param listener the name of the listener that accepted it
     * @param client the partner's own address (behind a proxy: the address that the proxy vouched for; through an edge: the
     *     address that the edge asserts)
     * @param local the address that the partner reached
     * @param clientSoftware what the client says it is (SSH identification, User-Agent); outside text
     * @param edge the edge that says all this of a session that it relays; empty for one of this node's own listeners
     */
    record Origin(
            Protocol protocol,
            String listener,
            InetSocketAddress client,
            InetSocketAddress local,
            Optional<String> clientSoftware,
            Optional<String> edge) {
        public Origin(
                Protocol protocol,
                String listener,
                InetSocketAddress client,
                InetSocketAddress local,
                Optional<String> clientSoftware) {
            this(protocol, listener, client, local, clientSoftware, Optional.empty());
        }

        /** The client's address for records and logs, marked where an edge asserts it. */
        public String shownClient() {
            String address = client.getAddress().getHostAddress() + ":" + client.getPort();
            return edge.map(name -> address + " via " + name).orElse(address);
        }
    }

    record LoginByPassword(SessionId session, String user, SecretText password)
            implements PartnerOperation<LoginResult> {
        @Override
        public Class<LoginResult> replyType() {
            return LoginResult.class;
        }
    }

    /** Whether a signature by that key would be accepted (RFC 4252 section 7); costs the same for unknown users. */
    record CheckPublicKey(SessionId session, String user, SshPublicKey key) implements PartnerOperation<KeyAnswer> {
        @Override
        public Class<KeyAnswer> replyType() {
            return KeyAnswer.class;
        }
    }

    enum KeyAnswer {
        ACCEPTABLE,
        REFUSED
    }

    /**
     * A login by public key. The endpoint relays the signature; the answering side verifies it with the key from its own
     * database, so that an endpoint can never assert a user.
     */
    record LoginByPublicKey(SessionId session, String user, SshPublicKey key, SshSignature signature)
            implements PartnerOperation<LoginResult> {
        @Override
        public Class<LoginResult> replyType() {
            return LoginResult.class;
        }
    }

    /**
     * A session that another server of the cluster has let go on here. Whoever sends this has verified a proof of that server;
     * no endpoint does. The answering side decides by the account as it stands now.
     *
     * @param credentials what {@link LoginResult.Accepted#credentials} was at the login
     * @param attempt higher each time that this is asked for the session, at whichever server; refused when a higher one was carried
     *     out before
     */
    record ResumeSession(SessionId session, Origin origin, AccountName account, String credentials, long attempt)
            implements PartnerOperation<LoginResult> {
        @Override
        public Class<LoginResult> replyType() {
            return LoginResult.class;
        }
    }

    /** The session is over; idempotent, and the last operation of a session. Open uploads of it are aborted. */
    record CloseSession(SessionId session, String reason) implements Act {}

    // ---- files ----

    /**
     * The attributes of a file or folder.
     *
     * @param purpose {@link StatPurpose#RESUME} also finds the kept part of an interrupted upload of that name, whose
     *     size is the offset to go on at; {@link StatPurpose#LOOK} never does
     */
    record StatFile(SessionId session, VirtualPath path, StatPurpose purpose)
            implements PartnerOperation<FileAttributes> {
        @Override
        public Class<FileAttributes> replyType() {
            return FileAttributes.class;
        }
    }

    enum StatPurpose {
        LOOK,
        RESUME
    }

    /**
     * One page of a folder's entries, sorted by name.
     *
     * @param after list the names that come after this one; empty for the first page
     */
    record ListFolder(SessionId session, VirtualPath path, Optional<String> after)
            implements PartnerOperation<FolderPage> {
        @Override
        public Class<FolderPage> replyType() {
            return FolderPage.class;
        }
    }

    record MakeFolder(SessionId session, VirtualPath path) implements Act {}

    /** Removes an empty folder. */
    record RemoveFolder(SessionId session, VirtualPath path) implements Act {}

    record RemoveFile(SessionId session, VirtualPath path) implements Act {}

    /** Renames a file or folder within the home. A file that is renamed does not arrive again. */
    record RenameFile(SessionId session, VirtualPath from, VirtualPath to, Overwrite overwrite) implements Act {}

    enum Overwrite {
        REFUSE,
        REPLACE
    }

    record SetModifiedTime(SessionId session, VirtualPath path, Instant modified) implements Act {}

    // ---- streams ----

    /**
     * Opens an upload. Nothing of it is visible until {@link UploadChannel#commit}.
     *
     * @param expectedBytes what the partner announced (Content-Length, ALLO); a commit of another size fails
     * @param begin when a refusal is wanted
     * @param transfer its id, where that is agreed on already
     */
    record OpenUpload(
            SessionId session,
            VirtualPath path,
            UploadMode mode,
            OptionalLong expectedBytes,
            UploadBegin begin,
            Optional<TransferId> transfer)
            implements PartnerOperation<UploadChannel> {
        public OpenUpload(SessionId session, VirtualPath path, UploadMode mode, OptionalLong expectedBytes) {
            this(session, path, mode, expectedBytes, UploadBegin.ANSWERED, Optional.empty());
        }

        /** As {@link UploadBegin#UNANSWERED}. */
        public OpenUpload unanswered() {
            return new OpenUpload(session, path, mode, expectedBytes, UploadBegin.UNANSWERED, transfer);
        }

        public OpenUpload as(TransferId id) {
            return new OpenUpload(session, path, mode, expectedBytes, begin, Optional.of(id));
        }

        @Override
        public Class<UploadChannel> replyType() {
            return UploadChannel.class;
        }
    }

    enum UploadBegin {
        /** Before anything is written. */
        ANSWERED,
        /** With the first write or the commit at the latest, where that saves a way. */
        UNANSWERED
    }

    enum UploadMode {
        /** A new file; refused when one of that name exists. */
        CREATE_NEW,
        /** A new file, in place of one that may exist. A kept part of that name is dropped. */
        REPLACE,
        /** Goes on with the kept part of that name; without one, behind a copy of the existing file; else from 0. */
        RESUME
    }

    /**
     * What became of an upload of this session that another server took, and whose end was not heard.
     *
     * @param transfer what {@link UploadChannel#transfer} was there
     */
    record AskUpload(SessionId session, TransferId transfer, VirtualPath path, AskPurpose purpose)
            implements PartnerOperation<UploadOutcome> {
        @Override
        public Class<UploadOutcome> replyType() {
            return UploadOutcome.class;
        }
    }

    enum AskPurpose {
        /** It may still be committed after this. */
        LOOK,
        /** It is committed before this or never. */
        SETTLE
    }

    record OpenDownload(SessionId session, VirtualPath path) implements PartnerOperation<DownloadChannel> {
        @Override
        public Class<DownloadChannel> replyType() {
            return DownloadChannel.class;
        }
    }
}
