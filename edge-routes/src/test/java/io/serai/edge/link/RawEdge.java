package io.serai.edge.link;

import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.tls.LinkIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** An edge that greets as it should and then does what a test wants: the connections are handed to the test. */
final class RawEdge implements AutoCloseable {
    private final SSLServerSocket listening;
    private final UnaryOperator<Hello> change;
    private final Map<ConnectionClass, BlockingQueue<RawPeer>> peers = new ConcurrentHashMap<>();
    private final List<SSLSocket> held = new CopyOnWriteArrayList<>();
    /** All of them: a socket that nobody knows any more closes by itself. */
    private final List<RawPeer> greeted = new CopyOnWriteArrayList<>();

    private volatile boolean frozen;

    RawEdge(LinkIdentity identity, UnaryOperator<Hello> change) throws Exception {
        this.change = change;
        for (ConnectionClass each : ConnectionClass.values()) {
            peers.put(each, new LinkedBlockingQueue<>());
        }
        listening = (SSLServerSocket) RawPeer.tls(identity)
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        listening.setNeedClientAuth(true);
        Thread thread = new Thread(this::accept, "raw-edge");
        thread.setDaemon(true);
        thread.start();
    }

    /** As a process that is stopped: what is connected stays so, and nobody else gets an answer. */
    void freeze() {
        frozen = true;
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listening.getLocalSocketAddress();
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                SSLSocket socket = (SSLSocket) listening.accept();
                if (frozen) {
                    held.add(socket);
                    continue;
                }
                RawPeer.offer(socket);
                RawPeer peer = new RawPeer(socket);
                Hello hello = Hello.decode(peer.expect(RawPeer.HELLO).payload());
                Hello answer = new Hello(
                        0,
                        0,
                        "edge-1",
                        "test",
                        new java.util.UUID(2, 2),
                        hello.link(),
                        hello.connectionClass(),
                        hello.index(),
                        "raw",
                        List.of(),
                        64 << 10,
                        64,
                        256,
                        System.currentTimeMillis(),
                        "");
                peer.send(RawPeer.frame(RawPeer.HELLO, 0, change.apply(answer).encode()));
                peer.link = hello.link();
                greeted.add(peer);
                peers.get(hello.connectionClass()).add(peer);
            } catch (IOException | io.serai.edge.ProtocolViolation e) {
                // A connection that the other side refuses is what some tests want.
            }
        }
    }

    RawPeer next(ConnectionClass wanted) throws InterruptedException {
        RawPeer peer = peers.get(wanted).poll(10, TimeUnit.SECONDS);
        if (peer == null) {
            throw new AssertionError("No " + wanted + " connection came");
        }
        return peer;
    }

    /** A connection of a link that came after the one of this connection. */
    RawPeer nextAfter(RawPeer former, ConnectionClass wanted) throws InterruptedException {
        RawPeer peer = next(wanted);
        while (peer.link.equals(former.link)) {
            peer = next(wanted);
        }
        return peer;
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (SSLSocket socket : held) {
            socket.close();
        }
        for (RawPeer peer : greeted) {
            peer.close();
        }
    }
}
