package io.serai.endpoint.ftp;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;

/**
 * A connected TCP socket under a TLS socket, which notes when TCP ended. Java's TLS sockets report the end of TCP
 * without close_notify as an ordinary end of the stream (unless a system property says otherwise), so that a cut-off
 * stream looks like a whole one. They stop reading at close_notify; hence whoever saw an end of the stream and finds TCP
 * ended too has been cut off.
 */
final class EndNotingSocket extends Socket {
    private static final int BUFFER_BYTES = 128 * 1024;

    private final Socket tcp;
    private final InputStream in;
    private volatile boolean hasEnded;

    EndNotingSocket(Socket tcp) throws IOException {
        this.tcp = tcp;
        in = new FilterInputStream(new BufferedInputStream(tcp.getInputStream(), BUFFER_BYTES)) {
            @Override
            public int read() throws IOException {
                return noted(super.read());
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                return noted(super.read(target, offset, length));
            }
        };
    }

    /** Whether TCP ended before TLS stopped reading from it. */
    boolean hasEnded() {
        return hasEnded;
    }

    private int noted(int result) {
        if (result < 0) {
            hasEnded = true;
        }
        return result;
    }

    @Override
    public InputStream getInputStream() {
        return in;
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        return tcp.getOutputStream();
    }

    @Override
    public void close() throws IOException {
        tcp.close();
    }

    @Override
    public void shutdownInput() throws IOException {
        tcp.shutdownInput();
    }

    @Override
    public void shutdownOutput() throws IOException {
        tcp.shutdownOutput();
    }

    @Override
    public boolean isConnected() {
        return tcp.isConnected();
    }

    @Override
    public boolean isBound() {
        return tcp.isBound();
    }

    @Override
    public boolean isClosed() {
        return tcp.isClosed();
    }

    @Override
    public boolean isInputShutdown() {
        return tcp.isInputShutdown();
    }

    @Override
    public boolean isOutputShutdown() {
        return tcp.isOutputShutdown();
    }

    @Override
    public InetAddress getInetAddress() {
        return tcp.getInetAddress();
    }

    @Override
    public InetAddress getLocalAddress() {
        return tcp.getLocalAddress();
    }

    @Override
    public int getPort() {
        return tcp.getPort();
    }

    @Override
    public int getLocalPort() {
        return tcp.getLocalPort();
    }

    @Override
    public SocketAddress getRemoteSocketAddress() {
        return tcp.getRemoteSocketAddress();
    }

    @Override
    public SocketAddress getLocalSocketAddress() {
        return tcp.getLocalSocketAddress();
    }

    @Override
    public void setSoTimeout(int millis) throws SocketException {
        tcp.setSoTimeout(millis);
    }

    @Override
    public int getSoTimeout() throws SocketException {
        return tcp.getSoTimeout();
    }

    @Override
    public int getSoLinger() throws SocketException {
        return tcp.getSoLinger();
    }

    @Override
    public void setTcpNoDelay(boolean on) throws SocketException {
        tcp.setTcpNoDelay(on);
    }

    @Override
    public boolean getTcpNoDelay() throws SocketException {
        return tcp.getTcpNoDelay();
    }

    @Override
    public String toString() {
        return tcp.toString();
    }

    @Override
    public void connect(SocketAddress endpoint, int timeout) {
        throw new IllegalStateException("Connected already to " + endpoint);
    }

    @Override
    public void bind(SocketAddress address) {
        throw new IllegalStateException("Bound already to " + (InetSocketAddress) address);
    }
}
