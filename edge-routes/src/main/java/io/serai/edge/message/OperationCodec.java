package io.serai.edge.message;

import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.edge.ProtocolViolation;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.AskPurpose;
import io.serai.endpoint.PartnerOperation.CheckPublicKey;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.ListFolder;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.MakeFolder;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerOperation.Overwrite;
import io.serai.endpoint.PartnerOperation.RemoveFile;
import io.serai.endpoint.PartnerOperation.RemoveFolder;
import io.serai.endpoint.PartnerOperation.RenameFile;
import io.serai.endpoint.PartnerOperation.SetModifiedTime;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** Partner operations as messages, and back. A path is canonicalised anew by whoever decodes it. */
public final class OperationCodec {
    private OperationCodec() {}

    /**
     * An operation with what the link adds to it.
     *
     * @param operationId the same when an operation that changes something is sent again; 0 where that does not matter
     * @param upload random, for OpenUpload: what its outcome is asked for by
     * @param offset for OpenDownload: where to begin
     * @param ifVersion for OpenDownload: fail if the content is another one
     */
    public record Call(
            PartnerOperation<?> operation, long operationId, UUID upload, long offset, Optional<String> ifVersion) {
        public static Call of(PartnerOperation<?> operation, long operationId) {
            return new Call(operation, operationId, new UUID(0, 0), 0, Optional.empty());
        }
    }

    /**
     * A question about an upload, or a wish to have it on disk.
     *
     * @param bytes for UPLOAD_FLUSH: how many bytes were sent before the wish
     * @param elsewhere for UPLOAD_QUERY: what another server than the one that is asked may have done with it
     */
    public record UploadQuery(SessionId session, UUID upload, long bytes, Optional<Elsewhere> elsewhere) {
        public UploadQuery(SessionId session, UUID upload, long bytes) {
            this(session, upload, bytes, Optional.empty());
        }

        public byte[] encode() {
            OperationFields fields = new OperationFields();
            fields.session = session.value();
            fields.upload = upload;
            fields.bytes = bytes;
            elsewhere.ifPresent(where -> {
                fields.transfer = where.transfer().value();
                fields.path = where.path().toString();
                fields.choice = where.purpose().ordinal() + 1;
            });
            return fields.encode();
        }

        public static UploadQuery decode(byte[] payload) throws ProtocolViolation {
            OperationFields fields = OperationFields.decode(payload);
            Optional<Elsewhere> elsewhere = fields.choice == 0
                    ? Optional.empty()
                    : Optional.of(new Elsewhere(
                            new TransferId(fields.transfer), path(fields), choice(AskPurpose.values(), fields)));
            return new UploadQuery(new SessionId(fields.session), fields.upload, fields.bytes, elsewhere);
        }
    }

    /** What the server that took an upload called it. */
    public record Elsewhere(TransferId transfer, VirtualPath path, AskPurpose purpose) {}

    /**
     * A wish to go on with a session at another server; the message of SESSION_RESUME.
     *
     * @param client the partner's address
     * @param attempt from 1 on, higher each time that the edge asks for this session, whichever server: what it gave up on does nothing
     *     any more once it has asked again
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Resume(SessionId session, byte[] ticket, InetAddress client, long attempt) {
        public byte[] encode() {
            OperationFields fields = new OperationFields();
            fields.session = session.value();
            fields.ticket = ticket;
            fields.clientAddress = client.getAddress();
            fields.attempt = attempt;
            return fields.encode();
        }

        public static Resume decode(byte[] payload) throws ProtocolViolation {
            OperationFields fields = OperationFields.decode(payload);
            if (fields.attempt < 1) {
                throw new ProtocolViolation("a resume without its number");
            }
            return new Resume(
                    new SessionId(fields.session),
                    fields.ticket,
                    address(fields.clientAddress, 0).getAddress(),
                    fields.attempt);
        }
    }

    /**
     * An edge's wish that a session ends; the message of SESSION_CLOSE.
     *
     * @param attempt of the edge's tries to go on with the session, the latest one before the wish: what has come back by a later one is
     *     not meant; 0 for the session whatever its try
     */
    public record Farewell(SessionId session, String reason, long attempt) {
        public byte[] encode() {
            OperationFields fields = new OperationFields();
            fields.session = session.value();
            fields.reason = reason;
            fields.attempt = attempt;
            return fields.encode();
        }

        public static Farewell decode(byte[] payload) throws ProtocolViolation {
            OperationFields fields = OperationFields.decode(payload);
            return new Farewell(new SessionId(fields.session), fields.reason, fields.attempt);
        }
    }

    /** A session that must end; the message of the event SESSION_KILL. */
    public static byte[] sessionKill(SessionId session, String reason) {
        return encode(Call.of(new CloseSession(session, reason), 0));
    }

    /** The method of an operation. */
    public static Method method(PartnerOperation<?> operation) {
        if (operation instanceof OpenSession) {
            return Method.SESSION_OPEN;
        } else if (operation instanceof LoginByPassword) {
            return Method.AUTH_PASSWORD;
        } else if (operation instanceof CheckPublicKey) {
            return Method.AUTH_PUBKEY_QUERY;
        } else if (operation instanceof LoginByPublicKey) {
            return Method.AUTH_PUBKEY;
        } else if (operation instanceof CloseSession) {
            return Method.SESSION_CLOSE;
        } else if (operation instanceof StatFile) {
            return Method.STAT;
        } else if (operation instanceof ListFolder) {
            return Method.LIST;
        } else if (operation instanceof OpenUpload) {
            return Method.WRITE;
        } else if (operation instanceof OpenDownload) {
            return Method.READ;
        }
        return changingMethod(operation);
    }

    private static Method changingMethod(PartnerOperation<?> operation) {
        if (operation instanceof MakeFolder) {
            return Method.MAKE_FOLDER;
        } else if (operation instanceof RemoveFolder) {
            return Method.REMOVE_FOLDER;
        } else if (operation instanceof RemoveFile) {
            return Method.REMOVE_FILE;
        } else if (operation instanceof RenameFile) {
            return Method.RENAME;
        } else if (operation instanceof SetModifiedTime) {
            return Method.SET_MODIFIED;
        }
        throw new IllegalArgumentException("No method for " + operation.getClass());
    }

    public static byte[] encode(Call call) {
        OperationFields fields = new OperationFields();
        PartnerOperation<?> operation = call.operation();
        fields.session = operation.session().value();
        fields.operationId = call.operationId();
        fields.upload = call.upload();
        fields.offset = call.offset();
        fields.ifVersion = call.ifVersion();
        if (!fillSession(fields, operation)) {
            fillFile(fields, operation);
        }
        return fields.encode();
    }

    private static boolean fillSession(OperationFields fields, PartnerOperation<?> operation) {
        if (operation instanceof OpenSession open) {
            fill(fields, open.origin());
        } else if (operation instanceof LoginByPassword login) {
            fields.user = login.user();
            fields.secret = login.password().reveal().getBytes(StandardCharsets.UTF_8);
        } else if (operation instanceof CheckPublicKey check) {
            fields.user = check.user();
            fillKey(fields, check.key());
        } else if (operation instanceof LoginByPublicKey login) {
            fields.user = login.user();
            fillKey(fields, login.key());
            fields.sshSession = login.signature().sshSessionId();
            fields.signature = login.signature().signature();
        } else if (operation instanceof CloseSession close) {
            fields.reason = close.reason().length() > 200 ? close.reason().substring(0, 200) : close.reason();
        } else {
            return false;
        }
        return true;
    }

    static void fill(OperationFields fields, Origin origin) {
        fields.protocol = origin.protocol().ordinal() + 1;
        fields.listener = origin.listener();
        fields.clientAddress = origin.client().getAddress().getAddress();
        fields.clientPort = origin.client().getPort();
        fields.localAddress = origin.local().getAddress().getAddress();
        fields.localPort = origin.local().getPort();
        fields.software = origin.clientSoftware();
    }

    private static void fillKey(OperationFields fields, SshPublicKey key) {
        fields.algorithm = key.algorithm();
        fields.key = key.blob();
    }

    private static void fillFile(OperationFields fields, PartnerOperation<?> operation) {
        if (operation instanceof StatFile stat) {
            fields.path = stat.path().toString();
            fields.choice = stat.purpose().ordinal() + 1;
        } else if (operation instanceof ListFolder list) {
            fields.path = list.path().toString();
            fields.after = list.after();
        } else if (operation instanceof MakeFolder make) {
            fields.path = make.path().toString();
        } else if (operation instanceof RemoveFolder remove) {
            fields.path = remove.path().toString();
        } else if (operation instanceof RemoveFile remove) {
            fields.path = remove.path().toString();
        } else if (operation instanceof RenameFile rename) {
            fields.path = rename.from().toString();
            fields.to = rename.to().toString();
            fields.choice = rename.overwrite().ordinal() + 1;
        } else if (operation instanceof SetModifiedTime set) {
            fields.path = set.path().toString();
            fields.seconds = set.modified().getEpochSecond();
            fields.nanos = set.modified().getNano();
        } else if (operation instanceof OpenUpload open) {
            fields.path = open.path().toString();
            fields.choice = open.mode().ordinal() + 1;
            fields.expectedBytes = open.expectedBytes();
        } else if (operation instanceof OpenDownload open) {
            fields.path = open.path().toString();
        }
    }

    /**
     * Reads the message of a method that stands for an operation.
     *
     * @throws io.serai.config.error.SeraiException NAME_INVALID for a path that cannot be
     */
    public static Call decode(Method method, byte[] payload) throws ProtocolViolation {
        OperationFields fields = OperationFields.decode(payload);
        return new Call(operation(method, fields), fields.operationId, fields.upload, fields.offset, fields.ifVersion);
    }

    private static PartnerOperation<?> operation(Method method, OperationFields fields) throws ProtocolViolation {
        SessionId session = new SessionId(fields.session);
        return switch (method) {
            case SESSION_OPEN -> new OpenSession(session, origin(fields));
            case AUTH_PASSWORD ->
                new LoginByPassword(
                        session, fields.user, new SecretText(new String(fields.secret, StandardCharsets.UTF_8)));
            case AUTH_PUBKEY_QUERY -> new CheckPublicKey(session, fields.user, key(fields));
            case AUTH_PUBKEY ->
                new LoginByPublicKey(
                        session, fields.user, key(fields), new SshSignature(fields.sshSession, fields.signature));
            case SESSION_CLOSE -> new CloseSession(session, fields.reason);
            case STAT -> new StatFile(session, path(fields), choice(StatPurpose.values(), fields));
            case LIST -> new ListFolder(session, path(fields), fields.after);
            case MAKE_FOLDER -> new MakeFolder(session, path(fields));
            case REMOVE_FOLDER -> new RemoveFolder(session, path(fields));
            case REMOVE_FILE -> new RemoveFile(session, path(fields));
            case RENAME ->
                new RenameFile(session, path(fields), VirtualPath.parse(fields.to), choice(Overwrite.values(), fields));
            case SET_MODIFIED -> new SetModifiedTime(session, path(fields), modified(fields));
            case READ -> new OpenDownload(session, path(fields));
            case WRITE ->
                new OpenUpload(session, path(fields), choice(UploadMode.values(), fields), fields.expectedBytes);
            case SESSION_RESUME, UPLOAD_QUERY, UPLOAD_FLUSH, TCP_CONNECT, TCP_ACCEPTED, EDGE_SYNC, EDGE_FILES ->
                throw new ProtocolViolation(method + " is no operation");
        };
    }

    private static VirtualPath path(OperationFields fields) {
        return VirtualPath.parse(fields.path);
    }

    private static SshPublicKey key(OperationFields fields) {
        return new SshPublicKey(fields.algorithm, fields.key);
    }

    private static <E> E choice(E[] choices, OperationFields fields) throws ProtocolViolation {
        if (fields.choice < 1 || fields.choice > choices.length) {
            throw new ProtocolViolation("the choice " + fields.choice);
        }
        return choices[fields.choice - 1];
    }

    static Origin origin(OperationFields fields) throws ProtocolViolation {
        Protocol[] protocols = Protocol.values();
        if (fields.protocol < 1 || fields.protocol > protocols.length) {
            throw new ProtocolViolation("the protocol " + fields.protocol);
        }
        return new Origin(
                protocols[fields.protocol - 1],
                fields.listener,
                address(fields.clientAddress, fields.clientPort),
                address(fields.localAddress, fields.localPort),
                fields.software);
    }

    private static InetSocketAddress address(byte[] address, int port) throws ProtocolViolation {
        try {
            return new InetSocketAddress(InetAddress.getByAddress(address), port);
        } catch (UnknownHostException e) {
            throw new ProtocolViolation("an address of " + address.length + " bytes");
        }
    }

    private static Instant modified(OperationFields fields) throws ProtocolViolation {
        try {
            return Instant.ofEpochSecond(fields.seconds, fields.nanos);
        } catch (DateTimeException e) {
            throw new ProtocolViolation("a time of " + fields.seconds + " s");
        }
    }
}
