package io.serai.endpoint.sftp;

import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FolderPage;
import java.time.Instant;
import java.util.List;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/** Writes the replies of SFTP version 3, each with its length in front. */
final class SftpReply {
    private static final int VERSION = 2;
    private static final int STATUS = 101;
    private static final int HANDLE = 102;
    private static final int DATA = 103;
    private static final int NAME = 104;
    private static final int ATTRS = 105;
    private static final int EXTENDED_REPLY = 201;

    private static final int LENGTH_BYTES = 4;
    /** Length, type, request id and the length of the data. */
    static final int DATA_HEAD_BYTES = LENGTH_BYTES + 1 + 4 + 4;

    private static final int ATTR_SIZE = 0x1;
    private static final int ATTR_PERMISSIONS = 0x4;
    private static final int ATTR_TIMES = 0x8;

    private SftpReply() {}

    static Buffer version(int version, List<String> extensions) {
        Buffer reply = begin(VERSION);
        reply.putUInt(version);
        for (String extension : extensions) {
            reply.putString(extension);
            reply.putString("1");
        }
        return end(reply);
    }

    static Buffer ok(int id) {
        return status(id, new SftpStatus(SftpStatus.OK, "OK"));
    }

    static Buffer status(int id, SftpStatus status) {
        Buffer reply = begin(STATUS, id);
        reply.putUInt(status.code());
        reply.putString(status.text());
        reply.putString("en");
        return end(reply);
    }

    static Buffer handle(int id, byte[] handle) {
        Buffer reply = begin(HANDLE, id);
        reply.putBytes(handle);
        return end(reply);
    }

    /**
     * A reply around data that are already in their place.
     *
     * @param frame its first {@link #DATA_HEAD_BYTES} bytes are overwritten, the data follow them
     */
    static Buffer data(int id, byte[] frame, int dataBytes) {
        Buffer reply = new ByteArrayBuffer(frame, 0, frame.length, false);
        reply.rpos(0);
        reply.wpos(0);
        reply.putUInt(DATA_HEAD_BYTES - LENGTH_BYTES + (long) dataBytes);
        reply.putByte((byte) DATA);
        reply.putUInt(id & 0xffffffffL);
        reply.putUInt(dataBytes);
        reply.wpos(DATA_HEAD_BYTES + dataBytes);
        return reply;
    }

    static Buffer attributes(int id, FileAttributes attributes) {
        Buffer reply = begin(ATTRS, id);
        putAttributes(reply, attributes);
        return end(reply);
    }

    /** The answer to REALPATH: one name without attributes. */
    static Buffer path(int id, String path) {
        Buffer reply = begin(NAME, id);
        reply.putUInt(1);
        reply.putString(path);
        reply.putString(path);
        reply.putUInt(0);
        return end(reply);
    }

    static Buffer names(int id, List<FolderPage.Entry> entries, Instant now) {
        Buffer reply = begin(NAME, id);
        reply.putUInt(entries.size());
        for (FolderPage.Entry entry : entries) {
            reply.putString(entry.name());
            reply.putString(LongName.of(entry, now));
            putAttributes(reply, entry.attributes());
        }
        return end(reply);
    }

    /** The answer to limits@openssh.com. */
    static Buffer limits(int id, SftpLimits limits) {
        Buffer reply = begin(EXTENDED_REPLY, id);
        reply.putLong(limits.maxPacketBytes());
        reply.putLong(limits.maxDataBytes());
        reply.putLong(limits.maxDataBytes());
        reply.putLong(limits.maxHandles());
        return end(reply);
    }

    private static void putAttributes(Buffer reply, FileAttributes attributes) {
        long seconds = Math.max(0, Math.min(attributes.modified().getEpochSecond(), 0xffffffffL));
        reply.putUInt(ATTR_SIZE | ATTR_PERMISSIONS | ATTR_TIMES);
        reply.putLong(attributes.sizeBytes());
        reply.putUInt(attributes.isFolder() ? 0040755 : 0100644);
        reply.putUInt(seconds);
        reply.putUInt(seconds);
    }

    private static Buffer begin(int type) {
        Buffer reply = new ByteArrayBuffer();
        reply.putUInt(0);
        reply.putByte((byte) type);
        return reply;
    }

    private static Buffer begin(int type, int id) {
        Buffer reply = begin(type);
        reply.putUInt(id & 0xffffffffL);
        return reply;
    }

    private static Buffer end(Buffer reply) {
        int end = reply.wpos();
        reply.wpos(0);
        reply.putUInt(end - (long) LENGTH_BYTES);
        reply.wpos(end);
        return reply;
    }
}
