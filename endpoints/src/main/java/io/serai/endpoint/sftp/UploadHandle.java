package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FileAttributes.FileType;
import io.serai.endpoint.Pace;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.SetModifiedTime;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.UploadChannel;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that is being written. Only {@link #finish} commits it, and only when every write that came before succeeded.
 */
final class UploadHandle implements OpenHandle {
    private static final Logger LOG = LoggerFactory.getLogger(UploadHandle.class);

    private final SftpSession session;
    private final VirtualPath path;
    private final Placement placement;
    private UploadChannel channel;

    private long endOffset;
    private long shift;
    private boolean written;
    private @Nullable SeraiException failure;
    private @Nullable Instant modified;

    /** How the offsets of writes are meant. */
    enum Placement {
        /** From the beginning of the file. */
        AT_OFFSET,
        /** The same, but a first write at 0 means "behind what is there", as APPEND has it. */
        APPEND
    }

    UploadHandle(SftpSession session, VirtualPath path, UploadMode mode, Placement placement) {
        this.session = session;
        this.path = path;
        this.placement = placement;
        this.channel = open(mode);
    }

    private UploadChannel open(UploadMode mode) {
        UploadChannel opened = session.call(new OpenUpload(session.id(), path, mode, OptionalLong.empty()));
        endOffset = opened.startOffset();
        return opened;
    }

    /** Takes the bytes of one WRITE. */
    void write(ByteBuffer data, long offset) {
        requireHealthy();
        if (!written && placement == Placement.APPEND && offset == 0) {
            shift = channel.startOffset();
        }
        written = true;
        long at = Math.addExact(offset, shift);
        int count = data.remaining();
        try {
            channel.write(data, at);
            Pace.await(channel::pause, session::requireConnected);
        } catch (SeraiException e) {
            throw fail(e);
        } catch (RuntimeException e) {
            throw fail(new SeraiException(ErrorCode.DEFECT, "A write to " + path + " failed: " + e, e));
        }
        endOffset = Math.max(endOffset, at + count);
    }

    void force() {
        requireHealthy();
        try {
            channel.force();
        } catch (SeraiException e) {
            throw fail(e);
        }
    }

    /** Remembers the time that the file gets after it was committed. */
    void modified(Instant time) {
        modified = time;
    }

    /** Begins anew with an empty file. */
    void truncate() {
        requireHealthy();
        if (endOffset > 0) {
            channel.abort("The partner truncated the upload");
            channel.close();
            channel = open(UploadMode.REPLACE);
            shift = 0;
        }
    }

    /** The partner closed the handle: commits. */
    void finish() {
        try (UploadChannel ending = channel) {
            if (failure != null) {
                ending.abort("A write failed: " + failure.text());
                throw failure;
            }
            ending.commit();
        }
        if (modified != null) {
            applyModified(modified);
        }
    }

    /** The file has arrived; that its time could not be set does not change this. */
    private void applyModified(Instant time) {
        try {
            session.call(new SetModifiedTime(session.id(), path, time));
        } catch (SeraiException e) {
            LOG.debug("The modification time of {} was not set: {}", path, e.text());
        }
    }

    private void requireHealthy() {
        if (failure != null) {
            throw failure;
        }
    }

    private SeraiException fail(SeraiException cause) {
        failure = cause;
        return cause;
    }

    @Override
    public FileAttributes attributes() {
        return new FileAttributes(FileType.FILE, endOffset, session.now(), "");
    }

    @Override
    public void abort(String reason) {
        try (UploadChannel ending = channel) {
            ending.abort(reason);
        }
    }
}
