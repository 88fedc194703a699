package io.serai.server.demo;

import java.io.IOException;
import java.nio.file.Path;

/** A partner's transfer programme, logged in to one account by one protocol. */
interface PartnerClient extends AutoCloseable {
    void upload(Path file, String remotePath, Progress progress) throws IOException;

    void download(String remotePath, Path file, Progress progress) throws IOException;

    @Override
    void close() throws IOException;

    /** Told how many bytes have passed so far. */
    @FunctionalInterface
    interface Progress {
        void bytes(long soFar);
    }
}
