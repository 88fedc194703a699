package io.serai.endpoint.ftp;

import io.serai.config.error.SeraiException;
import io.serai.endpoint.proxy.ProxyHeader;
import io.serai.endpoint.proxy.TrustedBalancers;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ftpserver.ipfilter.SessionFilter;
import org.apache.mina.core.buffer.IoBuffer;
import org.apache.mina.core.filterchain.IoFilterAdapter;
import org.apache.mina.core.session.IoSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the PROXY header of control and data connections that come by load balancers. For a control connection nothing of
 * FtpServer runs before its header is whole: it is not greeted and counts as nobody's.
 */
final class BalancedClients implements SessionFilter {
    private static final Logger LOG = LoggerFactory.getLogger(BalancedClients.class);

    /** The attribute of a MINA session that holds the client's address. */
    private static final String CLIENT = "io.serai.client-address";

    private final TrustedBalancers balancers;
    private final int most;
    private final Map<IoSession, Long> waiting = new ConcurrentHashMap<>();

    /** @param most connections whose header has not come */
    BalancedClients(TrustedBalancers balancers, int most) {
        this.balancers = balancers;
        this.most = most;
    }

    /** Called for each new connection, before anything else knows it. */
    @Override
    public boolean accept(IoSession session) {
        if (!balancers.areUsed()) {
            return true;
        }
        if (!balancers.include(session.getRemoteAddress()) || waiting.size() >= most) {
            // FtpServer closes it, and would yet greet it.
            session.getFilterChain().addFirst("refused", new SilentFilter());
            return false;
        }
        waiting.put(session, System.nanoTime() + TrustedBalancers.HEADER_LIMIT.toNanos());
        session.getFilterChain().addFirst("proxy-header", new HeaderFilter());
        return true;
    }

    /** The client's address: what the header said, or else the connection's other end. */
    static InetSocketAddress client(Object attribute, InetSocketAddress peer) {
        return attribute instanceof InetSocketAddress told ? told : peer;
    }

    static String attribute() {
        return CLIENT;
    }

    /** Closes the connections whose header is overdue. */
    void closeOverdue() {
        long now = System.nanoTime();
        waiting.forEach((session, deadline) -> {
            if (now - deadline >= 0) {
                waiting.remove(session);
                LOG.info("The PROXY header of {} did not come in time", session.getRemoteAddress());
                session.closeNow();
            }
        });
    }

    /**
     * Whose data connection this is.
     *
     * @throws IOException when it comes by a balancer and its header is bad or does not come in time
     */
    InetAddress dataClient(Socket accepted) throws IOException {
        if (!balancers.areUsed() || !balancers.include(accepted.getInetAddress())) {
            return accepted.getInetAddress();
        }
        long deadline = System.nanoTime() + TrustedBalancers.HEADER_LIMIT.toNanos();
        InputStream in = accepted.getInputStream();
        byte[] bytes = new byte[ProxyHeader.MAX_BYTES];
        // Byte by byte at the end, so that nothing of what follows is taken.
        int length = 0;
        while (true) {
            int left = (int) ((deadline - System.nanoTime()) / 1_000_000);
            if (left <= 0) {
                throw new SocketException("The PROXY header of a data connection did not come in time");
            }
            accepted.setSoTimeout(left);
            int count = in.read(bytes, length, length < ProxyHeader.FIXED_BYTES ? ProxyHeader.FIXED_BYTES - length : 1);
            if (count < 0) {
                throw new EOFException("A data connection ended in its PROXY header");
            }
            length += count;
            try {
                Optional<ProxyHeader> header = ProxyHeader.read(ByteBuffer.wrap(bytes, 0, length));
                if (header.isPresent()) {
                    return header.get()
                            .client()
                            .map(InetSocketAddress::getAddress)
                            .orElseGet(accepted::getInetAddress);
                }
            } catch (SeraiException e) {
                throw new IOException(e.text(), e);
            }
        }
    }

    /** Keeps a connection from FtpServer for ever. */
    private static final class SilentFilter extends IoFilterAdapter {
        @Override
        public void sessionOpened(NextFilter next, IoSession session) {
            LOG.debug("{} does not come by a load balancer, or too many wait", session);
        }

        @Override
        public void messageReceived(NextFilter next, IoSession session, Object message) {
            LOG.trace("{} is not listened to", session);
        }

        @Override
        public void sessionClosed(NextFilter next, IoSession session) {
            LOG.trace("{} is gone", session);
        }
    }

    /** Holds a connection back until its header is whole, and is out of the way then. One thread at a time. */
    private final class HeaderFilter extends IoFilterAdapter {
        private final IoBuffer collected =
                IoBuffer.allocate(ProxyHeader.FIXED_BYTES).setAutoExpand(true);

        @Override
        public void sessionOpened(NextFilter next, IoSession session) {
            LOG.trace("{} waits for its PROXY header", session);
        }

        @Override
        public void messageReceived(NextFilter next, IoSession session, Object message) {
            collected.put((IoBuffer) message);
            collected.flip();
            ByteBuffer bytes = collected.buf();
            try {
                Optional<ProxyHeader> header = ProxyHeader.read(bytes);
                if (header.isEmpty()) {
                    collected.position(collected.limit()).limit(collected.capacity());
                    return;
                }
                pass(next, session, header.get());
            } catch (SeraiException e) {
                waiting.remove(session);
                LOG.info("{}: {}", session.getRemoteAddress(), e.text());
                session.closeNow();
            }
        }

        private void pass(NextFilter next, IoSession session, ProxyHeader header) {
            if (waiting.remove(session) == null) {
                return;
            }
            header.client().ifPresent(client -> session.setAttribute(CLIENT, client));
            session.getFilterChain().remove(this);
            next.sessionOpened(session);
            if (collected.hasRemaining()) {
                next.messageReceived(session, collected);
            }
        }

        @Override
        public void sessionClosed(NextFilter next, IoSession session) {
            // Nobody but this filter knows of it yet.
            waiting.remove(session);
        }
    }
}
