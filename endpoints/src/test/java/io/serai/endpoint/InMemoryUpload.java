package io.serai.endpoint;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/** An upload into an {@link InMemoryAccount}: out-of-order writes with a bounded hole, a kept part on abort. */
final class InMemoryUpload implements UploadChannel {
    private static final long HOLE_BYTES = 64L << 20;

    private final InMemoryAccount account;
    private final SessionId session;
    private final VirtualPath path;
    private final Path content;
    private final OptionalLong expectedBytes;
    private final TransferId transfer;
    private final FileChannel bytes;
    private final long startOffset;
    /** Ranges beyond what is held: start to end. */
    private final TreeMap<Long, Long> ahead = new TreeMap<>();

    private long held;
    private boolean ended;

    InMemoryUpload(InMemoryAccount account, OpenUpload open, Path content) {
        this.account = account;
        this.session = open.session();
        this.path = open.path();
        this.content = content;
        this.expectedBytes = open.expectedBytes();
        this.transfer = open.transfer().orElseGet(TransferId::random);
        try {
            this.bytes = FileChannel.open(content, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            this.startOffset = bytes.size();
            this.held = startOffset;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    SessionId session() {
        return session;
    }

    VirtualPath path() {
        return path;
    }

    Path content() {
        return content;
    }

    @Override
    public TransferId transfer() {
        return transfer;
    }

    @Override
    public long startOffset() {
        return startOffset;
    }

    @Override
    public synchronized void write(ByteBuffer data, long offset) {
        requireOpen();
        if (offset > held + HOLE_BYTES) {
            throw new SeraiException(ErrorCode.BAD_OFFSET, "A write at " + offset + " is too far behind " + held);
        }
        long end = offset + data.remaining();
        try {
            for (long at = offset; data.hasRemaining(); ) {
                at += bytes.write(data, at);
            }
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.STORAGE_DOWN, "The write failed", e);
        }
        if (offset > held) {
            ahead.merge(offset, end, Math::max);
            return;
        }
        held = Math.max(held, end);
        for (Map.Entry<Long, Long> next = ahead.firstEntry();
                next != null && next.getKey() <= held;
                next = ahead.firstEntry()) {
            held = Math.max(held, next.getValue());
            ahead.pollFirstEntry();
        }
    }

    @Override
    public synchronized void force() {
        requireOpen();
    }

    @Override
    public synchronized UploadReceipt commit() {
        requireOpen();
        if (!ahead.isEmpty()) {
            throw new SeraiException(ErrorCode.PARTNER_ABORT, "There is a hole at " + held);
        }
        if (expectedBytes.isPresent() && expectedBytes.getAsLong() != held) {
            throw new SeraiException(
                    ErrorCode.PARTNER_ABORT, "Announced were " + expectedBytes.getAsLong() + ", came " + held);
        }
        account.commits();
        String sha256 = finish();
        String version = account.committed(this, held, sha256);
        return new UploadReceipt(transfer, held, sha256, version);
    }

    @Override
    public synchronized void abort(String reason) {
        if (!ended) {
            finish();
            account.aborted(this, reason);
        }
    }

    @Override
    public void close() {
        abort("closed without commit");
    }

    private String finish() {
        ended = true;
        try {
            bytes.truncate(held);
            bytes.close();
            return sha256(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] block = new byte[65536];
            for (int count = in.read(block); count >= 0; count = in.read(block)) {
                digest.update(block, 0, count);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private void requireOpen() {
        if (ended) {
            throw new SeraiException(ErrorCode.NO_SESSION, "The upload was ended before");
        }
    }
}
