package io.serai.route.site.outbound;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;

/** What is said to a proxy before the destination's first byte; not one byte too many is read. */
final class ProxyTalk {
    private final Socket socket;
    private final InputStream in;
    private final long deadline;

    /** @param deadline by {@link System#nanoTime}, or {@link #deadline} */
    ProxyTalk(Socket socket, long deadline) throws IOException {
        this.socket = socket;
        this.in = socket.getInputStream();
        this.deadline = deadline;
    }

    /** The time by which a proxy is to be done that has so long; 0 for ever. */
    static long deadline(int withinMillis) {
        return withinMillis == 0 ? Long.MAX_VALUE : System.nanoTime() + withinMillis * 1_000_000L;
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    int read() throws IOException {
        if (deadline != Long.MAX_VALUE) {
            long millis = (deadline - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                throw new SocketTimeoutException("no answer of the proxy in time");
            }
            socket.setSoTimeout((int) millis);
        }
        int value = in.read();
        if (value < 0) {
            throw new EOFException("the proxy ended the connection");
        }
        return value;
    }

    void skip(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            read();
        }
    }
}
