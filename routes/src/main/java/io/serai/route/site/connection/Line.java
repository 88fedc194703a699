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
import java.util.Optional;
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
    private OutboundPath way;
    private boolean connected;
    private @Nullable ProxyDown down;
    private @Nullable ProxyDown failedProxy;
    private final long madeAt = System.nanoTime();
    private volatile long movedAt = System.nanoTime();
    private volatile boolean heard;
    private volatile @Nullable Cut cut;
    private volatile @Nullable IOException broken;

    /** @param paths the ways by which it may leave, in the order in which they are tried */
    Line(Site site, List<OutboundPath> paths) {
        this(site, Optional.empty(), paths);
    }

    /** @param only the one of the site's addresses that is tried; empty for all in turn */
    Line(Site site, Optional<HostPort> only, List<OutboundPath> paths) {
        this.addresses = only.map(List::of).orElseGet(site::addresses);
        this.paths = List.copyOf(paths);
        this.way = this.paths.get(0).ofOneConnection();
    }

    /** Where it leads to: the site's address that is tried now. */
    public synchronized HostPort target() {
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

    /**
     * Whether the next may have it: only by the first way to the first address, as a new one would begin. Where that does
     * not work, one that found another way may be used for a while, if new ones would find it too.
     *
     * @param elsewhere for how long after it was made
     */
    boolean mayBeUsedAgain(Site site, List<OutboundPath> ways, Duration elsewhere) {
        List<HostPort> all = site.addresses();
        if (target().equals(all.get(0)) && path().equals(ways.get(0))) {
            return true;
        }
        boolean found = addresses.equals(all) && ways.contains(path());
        return found && System.nanoTime() - madeAt < elsewhere.toNanos();
    }

    /** What to connect a socket of this line to. */
    InetSocketAddress address(String name, int port) {
        return isDirect() ? new InetSocketAddress(name, port) : InetSocketAddress.createUnresolved(name, port);
    }

    /**
     * Moves to what may be tried after a failure, if there is anything: the next path when the proxy of this one was down
     * before anything was connected, the site's next address when nothing was ever heard from this one. All our protocols
     * begin with bytes of the far end before anything counts, so then nothing was done there; and a site that says it is
     * busy is one that lives.
     */
    synchronized boolean nextWay(SeraiException failure) {
        boolean again = cut == null && (down == null ? nextAddress(failure) : path + 1 < paths.size());
        if (again) {
            LOG.warn("The next way is tried: {}", failure.text());
            path = down == null ? path : path + 1;
            down = null;
            failedProxy = null;
            way = paths.get(path).ofOneConnection();
            connected = false;
            broken = null;
            touch();
        }
        return again;
    }

    private boolean nextAddress(SeraiException failure) {
        boolean elsewhere = switch (failure.code()) {
            case SITE_UNREACHABLE, SITE_TIMEOUT, SITE_FAILED -> !heard;
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
        OutboundPath out = wayFor(socket);
        InetSocketAddress destination = (InetSocketAddress) to;
        if (!out.isDirect()) {
            boolean stands = standIn().equals(destination.getAddress());
            destination = InetSocketAddress.createUnresolved(
                    stands ? target().host() : destination.getHostString(), destination.getPort());
        }
        try {
            out.connect(socket, dial, destination, millis);
            socket.reached = true;
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
        if (!out.isDirect()) {
            socket.shownPort = destination.getPort();
            socket.shownAddress = standIn();
        }
    }

    /** Sockets that are open at the same time leave together; what comes after them finds its own way. */
    private synchronized OutboundPath wayFor(Socket socket) {
        boolean alone =
                sockets.stream().allMatch(other -> other.equals(socket) || !other.isConnected() || other.isClosed());
        if (alone) {
            way = paths.get(path).ofOneConnection();
        }
        return way;
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
        /** What is read from now on is the far end's, and not a proxy's. */
        private volatile boolean reached;

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
            return new WatchedInput(super.getInputStream(), this);
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new WatchedOutput(super.getOutputStream(), line);
        }
    }

    private static final class WatchedInput extends FilterInputStream {
        private final WatchedSocket socket;
        private final Line line;

        WatchedInput(InputStream in, WatchedSocket socket) {
            super(in);
            this.socket = socket;
            this.line = socket.line;
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
                if (count > 0 && socket.reached) {
                    line.heard = true;
                }
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
