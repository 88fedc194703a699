package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.PartnerOperation.MakeFolder;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.Overwrite;
import io.serai.endpoint.PartnerOperation.RemoveFile;
import io.serai.endpoint.PartnerOperation.RemoveFolder;
import io.serai.endpoint.PartnerOperation.RenameFile;
import io.serai.endpoint.PartnerOperation.SetModifiedTime;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.sshd.common.util.buffer.Buffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the requests of one SFTP conversation (draft-ietf-secsh-filexfer-02, version 3). Every request is answered
 * with exactly one reply, in the order of arrival; nothing that a partner sends gets out of {@link #answer} as an
 * exception. Used by one thread at a time.
 *
 * <p>Of attributes only the modification time is honoured; permissions and owners mean nothing here and are accepted
 * without effect. A size cannot be set, except 0 on an upload that is open.
 */
final class SftpRequests {
    private static final Logger LOG = LoggerFactory.getLogger(SftpRequests.class);

    private static final int INIT = 1;
    private static final int OPEN = 3;
    private static final int CLOSE = 4;
    private static final int READ = 5;
    private static final int WRITE = 6;
    private static final int LSTAT = 7;
    private static final int FSTAT = 8;
    private static final int SETSTAT = 9;
    private static final int FSETSTAT = 10;
    private static final int OPENDIR = 11;
    private static final int READDIR = 12;
    private static final int REMOVE = 13;
    private static final int MKDIR = 14;
    private static final int RMDIR = 15;
    private static final int REALPATH = 16;
    private static final int STAT = 17;
    private static final int RENAME = 18;
    private static final int EXTENDED = 200;

    private static final int OPEN_READ = 0x01;
    private static final int OPEN_WRITE = 0x02;
    private static final int OPEN_APPEND = 0x04;
    private static final int OPEN_CREATE = 0x08;
    private static final int OPEN_TRUNCATE = 0x10;
    private static final int OPEN_EXCLUSIVE = 0x20;

    private static final int VERSION = 3;
    private static final String POSIX_RENAME = "posix-rename@openssh.com";
    private static final String FSYNC = "fsync@openssh.com";
    private static final String LIMITS = "limits@openssh.com";

    private static final SftpStatus END_OF_FILE = new SftpStatus(SftpStatus.EOF, "End of file");

    private final SftpSession session;
    private final SftpLimits limits;
    private final OpenHandles handles;
    private boolean initialised;

    SftpRequests(SftpSession session, SftpLimits limits) {
        this.session = session;
        this.limits = limits;
        this.handles = new OpenHandles(limits.maxHandles());
    }

    /** Whether a request closes a handle, and so may be a commit. */
    static boolean isClose(byte[] packet) {
        return packet[0] == CLOSE;
    }

    /**
     * Answers one request.
     *
     * @param packet at least one byte, without its length
     */
    Buffer answer(byte[] packet) {
        PacketReader in = new PacketReader(packet);
        int id = 0;
        try {
            int type = in.uint8();
            if (type == INIT) {
                return initialise(in);
            }
            id = in.uint32();
            if (!initialised) {
                throw new SeraiException(ErrorCode.UNSUPPORTED, "A request before INIT");
            }
            return answer(type, id, in);
        } catch (SeraiException e) {
            LOG.debug("Session {}: an SFTP request is refused: {}", session.id(), e.text());
            return SftpReply.status(id, SftpStatus.of(e.code()));
        } catch (BufferUnderflowException e) {
            return SftpReply.status(id, new SftpStatus(SftpStatus.BAD_MESSAGE, "Bad message"));
        } catch (RuntimeException e) { // the edge of the session: a bug of ours must not take the connection down
            LOG.error("Session {}: an SFTP request failed; the partner was told so", session.id(), e);
            return SftpReply.status(id, SftpStatus.of(ErrorCode.DEFECT));
        }
    }

    /** Ends everything that is open; uploads are aborted, never committed. */
    void abort(String reason) {
        handles.abortAll(reason);
    }

    /** Whether a file is being moved. */
    boolean isTransferring() {
        return handles.areTransferring();
    }

    private Buffer answer(int type, int id, PacketReader in) {
        return switch (type) {
            case OPEN -> open(id, in);
            case CLOSE -> close(id, in);
            case READ -> read(id, in);
            case WRITE -> write(id, in);
            case STAT -> SftpReply.attributes(id, stat(in, StatPurpose.RESUME));
            case LSTAT -> SftpReply.attributes(id, stat(in, StatPurpose.LOOK));
            case FSTAT -> SftpReply.attributes(id, handles.get(in.bytes()).attributes());
            case SETSTAT -> setAttributes(id, in);
            case FSETSTAT -> setHandleAttributes(id, in);
            case OPENDIR -> openFolder(id, in);
            case READDIR -> readFolder(id, in);
            case REMOVE -> {
                session.call(new RemoveFile(session.id(), path(in)));
                yield SftpReply.ok(id);
            }
            case MKDIR -> {
                session.call(new MakeFolder(session.id(), path(in)));
                yield SftpReply.ok(id);
            }
            case RMDIR -> {
                session.call(new RemoveFolder(session.id(), path(in)));
                yield SftpReply.ok(id);
            }
            case REALPATH -> SftpReply.path(id, path(in).toString());
            case RENAME -> rename(id, in, Overwrite.REFUSE);
            case EXTENDED -> extended(id, in);
            default -> throw new SeraiException(ErrorCode.UNSUPPORTED, "SFTP request type " + type);
        };
    }

    private Buffer initialise(PacketReader in) {
        long version = in.unsigned32();
        if (version < VERSION || initialised) {
            throw new SeraiException(ErrorCode.UNSUPPORTED, "INIT with version " + version);
        }
        initialised = true;
        return SftpReply.version(VERSION, List.of(POSIX_RENAME, FSYNC, LIMITS));
    }

    private Buffer open(int id, PacketReader in) {
        VirtualPath path = path(in);
        int flags = in.uint32();
        handles.requireRoom();
        if ((flags & OPEN_WRITE) == 0) {
            if (flags != OPEN_READ) {
                throw new SeraiException(ErrorCode.UNSUPPORTED, "OPEN with flags " + flags);
            }
            return SftpReply.handle(
                    id, handles.add(new DownloadHandle(session, session.call(new OpenDownload(session.id(), path)))));
        }
        UploadHandle.Placement placement =
                (flags & OPEN_APPEND) == 0 ? UploadHandle.Placement.AT_OFFSET : UploadHandle.Placement.APPEND;
        return SftpReply.handle(id, handles.add(new UploadHandle(session, path, uploadMode(path, flags), placement)));
    }

    private UploadMode uploadMode(VirtualPath path, int flags) {
        if ((flags & OPEN_CREATE) == 0) {
            session.call(new StatFile(session.id(), path, StatPurpose.RESUME));
        } else if ((flags & OPEN_EXCLUSIVE) != 0) {
            return UploadMode.CREATE_NEW;
        }
        return (flags & OPEN_TRUNCATE) != 0 ? UploadMode.REPLACE : UploadMode.RESUME;
    }

    private Buffer close(int id, PacketReader in) {
        OpenHandle handle = handles.remove(in.bytes());
        if (handle instanceof UploadHandle upload) {
            upload.finish();
        } else if (handle instanceof DownloadHandle download) {
            download.finish();
        }
        return SftpReply.ok(id);
    }

    private Buffer read(int id, PacketReader in) {
        OpenHandle handle = handles.get(in.bytes());
        long offset = in.offset();
        int length = (int) Math.min(in.unsigned32(), limits.maxDataBytes());
        if (!(handle instanceof DownloadHandle download)) {
            throw new SeraiException(ErrorCode.UNSUPPORTED, "READ from a handle that was not opened for it");
        }
        int expected = (int) Math.max(0, Math.min(length, download.attributes().sizeBytes() - offset));
        byte[] frame = new byte[SftpReply.DATA_HEAD_BYTES + expected];
        int count = download.read(ByteBuffer.wrap(frame, SftpReply.DATA_HEAD_BYTES, expected), offset);
        if (count < 0 || (expected == 0 && length > 0)) {
            return SftpReply.status(id, END_OF_FILE);
        }
        return SftpReply.data(id, frame, count);
    }

    private Buffer write(int id, PacketReader in) {
        OpenHandle handle = handles.get(in.bytes());
        long offset = in.offset();
        ByteBuffer data = in.bytes();
        if (!(handle instanceof UploadHandle upload)) {
            throw new SeraiException(ErrorCode.UNSUPPORTED, "WRITE to a handle that was not opened for it");
        }
        upload.write(data, offset);
        return SftpReply.ok(id);
    }

    private FileAttributes stat(PacketReader in, StatPurpose purpose) {
        return session.call(new StatFile(session.id(), path(in), purpose));
    }

    private Buffer setAttributes(int id, PacketReader in) {
        VirtualPath path = path(in);
        AttributeChange change = AttributeChange.read(in);
        if (change.sizeBytes().isPresent()) {
            throw new SeraiException(ErrorCode.UNSUPPORTED, "A size cannot be set");
        }
        change.modified().ifPresent(time -> session.call(new SetModifiedTime(session.id(), path, time)));
        return SftpReply.ok(id);
    }

    private Buffer setHandleAttributes(int id, PacketReader in) {
        OpenHandle handle = handles.get(in.bytes());
        AttributeChange change = AttributeChange.read(in);
        if (!(handle instanceof UploadHandle upload)) {
            throw new SeraiException(ErrorCode.UNSUPPORTED, "FSETSTAT on a handle that was not opened for writing");
        }
        if (change.sizeBytes().isPresent()) {
            if (change.sizeBytes().getAsLong() != 0) {
                throw new SeraiException(ErrorCode.UNSUPPORTED, "A size other than 0 cannot be set");
            }
            upload.truncate();
        }
        change.modified().ifPresent(upload::modified);
        return SftpReply.ok(id);
    }

    private Buffer openFolder(int id, PacketReader in) {
        VirtualPath path = path(in);
        handles.requireRoom();
        FileAttributes attributes = session.call(new StatFile(session.id(), path, StatPurpose.LOOK));
        if (!attributes.isFolder()) {
            throw new SeraiException(ErrorCode.NOT_A_FOLDER, path + " is not a folder");
        }
        return SftpReply.handle(id, handles.add(new FolderHandle(session, path, attributes)));
    }

    private Buffer readFolder(int id, PacketReader in) {
        if (!(handles.get(in.bytes()) instanceof FolderHandle folder)) {
            throw new SeraiException(ErrorCode.UNSUPPORTED, "READDIR from a handle that is not a folder's");
        }
        List<FolderPage.Entry> names = folder.next();
        return names.isEmpty() ? SftpReply.status(id, END_OF_FILE) : SftpReply.names(id, names, session.now());
    }

    private Buffer rename(int id, PacketReader in, Overwrite overwrite) {
        VirtualPath from = path(in);
        VirtualPath to = path(in);
        session.call(new RenameFile(session.id(), from, to, overwrite));
        return SftpReply.ok(id);
    }

    private Buffer extended(int id, PacketReader in) {
        String name = StandardCharsets.UTF_8.decode(in.bytes()).toString();
        switch (name) {
            case POSIX_RENAME -> {
                return rename(id, in, Overwrite.REPLACE);
            }
            case FSYNC -> {
                if (handles.get(in.bytes()) instanceof UploadHandle upload) {
                    upload.force();
                }
                return SftpReply.ok(id);
            }
            case LIMITS -> {
                return SftpReply.limits(id, limits);
            }
            default -> throw new SeraiException(ErrorCode.UNSUPPORTED, "An SFTP extension that is not offered");
        }
    }

    private static VirtualPath path(PacketReader in) {
        return VirtualPath.parse(in.text());
    }
}
