package io.serai.route.site.connection;

import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.config.object.Site;
import io.serai.route.site.outbound.OutboundPath;
import io.serai.route.site.outbound.ProxyDown;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sockets of one connection to a site: knows when a byte moved last, and can be cut from any thread, which makes
 * every call that is blocked on one of its sockets fail at once. Its lock guards the set of sockets and why it was cut.
 */
public final class Line {
    private static final Logger LOG = LoggerFactory.getLogger(Line.class);

    /** Why a line was cut. */
    public enum Cut {
        /** No byte moved for the site's timeout. */
        STALLED,
        /** An operator cancelled the transfer or its event. */
        CANCELLED
    }

    /** Of the network for documentation (RFC 5737): no real peer has it, and commons-net shows it where it wants one. */
    private static final byte[] STAND_IN = {(byte) 192, 0, 2, 1};

    private final List<HostPort> addresses;
    private final List<OutboundPath> paths;
    private final Set<Socket> sockets = new HashSet<>();
    private int address;
    private int path;
    private boolean connected;
    private @Nullable ProxyDown down;
    private @Nullable ProxyDown failedProxy;
    private volatile long movedAt = System.nanoTime();
    private volatile @Nullable Cut cut;
    private volatile @Nullable IOException broken;

    /** How far the work on a line is. */
    enum Progress {
        /** Nobody has logged in and nothing was sent. */
        CONNECTING,
        /** Something may have been sent, if there was a connection. */
        WORKING
    }

    /** @param paths the ways by which it may leave, in the order in which they are tried */
    Line(Site site, List<OutboundPath> paths) {
        this.addresses = site.addresses();
        this.paths = List.copyOf(paths);
    }

    /** Where it leads to: the site's address that is tried now. */
    synchronized HostPort target() {
        return addresses.get(address);
    }

    private synchronized OutboundPath path() {
        return paths.get(path);
    }

    /** Whether names are resolved here; else a proxy does that, and libraries are given {@link #standIn} instead. */
    boolean isDirect() {
        return path().isDirect();
    }

    /** Stands for the site's host, whose address is not known here, wherever a library insists on an address. */
    InetAddress standIn() throws UnknownHostException {
        return InetAddress.getByAddress(target().host(), STAND_IN);
    }

    /** Whether its way is still one of those by which the site's connections leave. */
    boolean mayStillLeave(List<OutboundPath> now) {
        return now.contains(path());
    }

    /** What to connect a socket of this line to. */
    InetSocketAddress address(String name, int port) {
        return isDirect() ? new InetSocketAddress(name, port) : InetSocketAddress.createUnresolved(name, port);
    }

    /**
     * Moves to what may be tried after a failure, if there is anything: the next path when the proxy of this one was down
     * before anything was connected, the site's next address when it cannot be reached at this one.
     */
    synchronized boolean nextWay(SeraiException failure, Progress progress) {
        boolean again = cut == null && (down == null ? nextAddress(failure, progress) : path + 1 < paths.size());
        if (again) {
            LOG.warn("The next way is tried: {}", failure.text());
            path = down == null ? path : path + 1;
            down = null;
            failedProxy = null;
            connected = false;
            broken = null;
        }
        return again;
    }

    private boolean nextAddress(SeraiException failure, Progress progress) {
        boolean elsewhere = switch (failure.code()) {
            case SITE_UNREACHABLE, SITE_TIMEOUT, SITE_FAILED -> progress == Progress.CONNECTING || !connected;
            default -> false;
        };
        if (!elsewhere || address + 1 == addresses.size()) {
            return false;
        }
        address++;
        return true;
    }

    private void connect(WatchedSocket socket, OutboundPath.Dial dial, SocketAddress to, int millis)
            throws IOException {
        OutboundPath way = path();
        InetSocketAddress destination = (InetSocketAddress) to;
        if (!way.isDirect()) {
            boolean stands = standIn().equals(destination.getAddress());
            destination = InetSocketAddress.createUnresolved(
                    stands ? target().host() : destination.getHostString(), destination.getPort());
        }
        try {
            way.connect(socket, dial, destination, millis);
            synchronized (this) {
                connected = true;
                failedProxy = null;
            }
        } catch (ProxyDown e) {
            synchronized (this) {
                failedProxy = e;
                down = connected ? null : e;
            }
            throw e;
        }
        if (!way.isDirect()) {
            socket.shownPort = destination.getPort();
            socket.shownAddress = standIn();
        }
    }

    /** A new unconnected socket of this line. */
    synchronized Socket newSocket() throws IOException {
        if (cut != null) {
            throw new IOException("the connection was cut");
        }
        sockets.removeIf(Socket::isClosed);
        Socket socket = new WatchedSocket(this);
        socket.setTcpNoDelay(true);
        sockets.add(socket);
        return socket;
    }

    /**
     * Makes a connected socket of this line tell another remote port than its own. Java looks TLS sessions up by host
     * and port, and the data connection of FTPS resumes the session of a connection to another port.
     */
    void showPort(Socket socket, int port) {
        ((WatchedSocket) socket).shownPort = port;
    }

    /** A byte moved, or is known to move soon. */
    public void touch() {
        movedAt = System.nanoTime();
    }

    /** How long no byte has moved. */
    Duration still() {
        return Duration.ofNanos(System.nanoTime() - movedAt);
    }

    /** What the far end's bytes ended with: a limit that passed, a reset, an end of the stream; null while they come. */
    @Nullable
    IOException broken() {
        return broken;
    }

    /** Why the last socket was not connected, when that is a proxy's fault; null when it is not. */
    synchronized @Nullable ProxyDown failedProxy() {
        return failedProxy;
    }

    /** Why this line was cut; null while it was not. */
    public @Nullable Cut cut() {
        return cut;
    }

    /** Closes every socket; the first reason stays. Idempotent. */
    public void cut(Cut why) {
        Set<Socket> open;
        synchronized (this) {
            if (cut == null) {
                cut = why;
            }
            open = Set.copyOf(sockets);
            sockets.clear();
        }
        for (Socket socket : open) {
            try {
                socket.close();
            } catch (IOException e) {
                LOG.debug("A socket of a cut connection did not close cleanly", e);
            }
        }
    }

    /** A socket whose streams tell the line about every byte. */
    private static final class WatchedSocket extends Socket {
        private final Line line;
        private volatile int shownPort;
        private volatile @Nullable InetAddress shownAddress;

        WatchedSocket(Line line) {
            this.line = line;
        }

        @Override
        public void connect(SocketAddress endpoint, int timeoutMillis) throws IOException {
            line.connect(this, super::connect, endpoint, timeoutMillis);
        }

        @Override
        public @Nullable InetAddress getInetAddress() {
            InetAddress shown = shownAddress;
            return shown == null ? super.getInetAddress() : shown;
        }

        @Override
        public int getPort() {
            return shownPort > 0 ? shownPort : super.getPort();
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new WatchedInput(super.getInputStream(), line);
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new WatchedOutput(super.getOutputStream(), line);
        }
    }

    private static final class WatchedInput extends FilterInputStream {
        private final Line line;

        WatchedInput(InputStream in, Line line) {
            super(in);
            this.line = line;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                int count = in.read(target, offset, length);
                line.touch();
                if (count < 0) {
                    line.broken = new EOFException("it ended the connection");
                }
                return count;
            } catch (IOException e) {
                line.broken = e;
                throw e;
            }
        }
    }

    private static final class WatchedOutput extends FilterOutputStream {
        private final Line line;

        WatchedOutput(OutputStream out, Line line) {
            super(out);
            this.line = line;
        }

        @Override
        public void write(int value) throws IOException {
            out.write(value);
            line.touch();
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            out.write(source, offset, length);
            line.touch();
        }
    }
}
