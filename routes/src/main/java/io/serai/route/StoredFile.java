package io.serai.route;

import io.serai.cluster.storage.OpenFile;
import io.serai.cluster.storage.Storage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.FileId;
import io.serai.config.name.TransferId;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.util.Optional;

/**
 * The body of an event's exchange: a handle to the bytes that arrived, never the bytes. It may be opened as often as
 * needed and always reads the kept content, whatever became of the visible file. Camel converts it to an
 * {@link InputStream} where a step asks for one.
 */
public final class StoredFile {
    private final Storage storage;
    private final TransferId transfer;
    private final FileId file;
    private final String path;
    private final long sizeBytes;
    private final Optional<String> sha256;

    /** @param path the path in the account's home or at the site, as data */
    public StoredFile(
            Storage storage, TransferId transfer, FileId file, String path, long sizeBytes, Optional<String> sha256) {
        this.storage = storage;
        this.transfer = transfer;
        this.file = file;
        this.path = path;
        this.sizeBytes = sizeBytes;
        this.sha256 = sha256;
    }

    public TransferId transfer() {
        return transfer;
    }

    public FileId file() {
        return file;
    }

    /** The path in the account's home or at the site it was pulled from, as data. */
    public String path() {
        return path;
    }

    /** The last segment of the path, made safe. */
    public String name() {
        return SafeFileName.of(path);
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /** Lower-case hex. */
    public Optional<String> sha256() {
        return sha256;
    }

    /**
     * Opens the kept bytes from their beginning; close it.
     *
     * @throws SeraiException {@code INVALID} when the kept content has expired, {@code STORAGE_DOWN} for trouble of the
     *     file system
     */
    public InputStream open() {
        return Channels.newInputStream(openFile().channel());
    }

    /** Opens the kept bytes for reading at any offset; close it. */
    public OpenFile openFile() {
        try {
            return storage.openContent(transfer);
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.NO_SUCH_FILE) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "The kept content of transfer " + transfer + " has expired (storage.content-retention); ask the"
                                + " partner to send the file again",
                        e);
            }
            throw e;
        }
    }

    /** For logs: which transfer, never content. */
    @Override
    public String toString() {
        return "StoredFile[" + transfer + ", " + sizeBytes + " bytes]";
    }
}
