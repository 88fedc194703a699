package io.serai.endpoint.sftp;

import io.serai.endpoint.FileAttributes;

/** What an SFTP handle stands for. Used by one thread at a time. */
sealed interface OpenHandle permits UploadHandle, DownloadHandle, FolderHandle {
    /** The answer to FSTAT. */
    FileAttributes attributes();

    /** Ends it without success; an upload is aborted. Idempotent. */
    void abort(String reason);
}
