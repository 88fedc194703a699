package io.serai.edge.link;

import io.serai.edge.message.LinkMessages.Bye;
import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.tls.LinkIdentity;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** The other end of one connection, which sends whatever a test wants. Its frames are made by hand. */
final class RawPeer implements AutoCloseable {
    static final int HELLO = 0x01;
    static final int PING = 0x02;
    static final int PONG = 0x03;
    static final int BYE = 0x05;
    static final int REQUEST = 0x10;
    static final int OPEN = 0x20;
    static final int OPENED = 0x21;
    static final int DATA = 0x22;
    static final int CREDIT = 0x23;
    static final int END = 0x24;
    static final int RESULT = 0x25;
    static final int RESET = 0x26;

    /** A frame as it was received. */
    record Frame(int type, int id, byte[] payload) {}

    /** The link that the server means, for those that greet as an edge. */
    volatile UUID link = new UUID(0, 0);

    private final SSLSocket socket;
    private final DataInputStream in;

    RawPeer(SSLSocket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(10_000);
        socket.startHandshake();
        this.in = new DataInputStream(socket.getInputStream());
    }

    /** As a server that dials an edge. */
    static RawPeer dial(InetSocketAddress address, SSLContext tls) throws IOException {
        SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket(address.getAddress(), address.getPort());
        offer(socket);
        return new RawPeer(socket);
    }

    static void offer(SSLSocket socket) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"serai-link/1"});
        socket.setSSLParameters(parameters);
    }

    /** A context that trusts everyone, so that it is the other side that refuses. */
    static SSLContext tls(LinkIdentity... identity) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (LinkIdentity one : identity) {
            store.setKeyEntry("k", one.key(), new char[0], new Certificate[] {one.certificate()});
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(keys.getKeyManagers(), new TrustManager[] {new Everyone()}, new SecureRandom());
        return context;
    }

    private static final class Everyone implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    static Hello hello(String node, UUID link, ConnectionClass connectionClass) {
        return new Hello(
                0,
                0,
                node,
                "test",
                new UUID(1, 1),
                link,
                connectionClass,
                0,
                "raw",
                List.of(),
                64 << 10,
                64,
                256,
                System.currentTimeMillis(),
                "");
    }

    static byte[] frame(int type, int id, byte[] payload) {
        return ByteBuffer.allocate(8 + payload.length)
                .putInt(payload.length << 8 | type)
                .putInt(id)
                .put(payload)
                .array();
    }

    static byte[] data(int id, long offset, int count) {
        return frame(DATA, id, ByteBuffer.allocate(8 + count).putLong(offset).array());
    }

    static byte[] coded(int type, int id, int code) {
        return frame(type, id, new byte[] {(byte) (code >> 8), (byte) code});
    }

    RawPeer send(byte[] bytes) throws IOException {
        try {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
        } catch (SocketException | SSLException e) {
            // The other side has closed already, which is for the test to find by reading.
        }
        return this;
    }

    Frame read() throws IOException {
        int head = in.readInt();
        int id = in.readInt();
        byte[] payload = new byte[head >>> 8];
        in.readFully(payload);
        return new Frame(head & 0xff, id, payload);
    }

    /** The next frame of that type; PINGs are answered meanwhile. */
    Frame expect(int type) throws IOException {
        while (true) {
            Frame next = read();
            if (next.type() == type) {
                return next;
            }
            if (next.type() == PING) {
                send(frame(PONG, 0, next.payload()));
            }
            if (next.type() == BYE) {
                throw new EOFException("BYE instead of " + type);
            }
        }
    }

    /** How the other side says goodbye, and that it closes then. */
    ByeCode goodbye() throws Exception {
        ByeCode code = ByeCode.UNKNOWN;
        try {
            while (true) {
                Frame next = read();
                if (next.type() == BYE) {
                    code = Bye.decode(next.payload()).code();
                }
            }
        } catch (EOFException | SocketException | SSLException e) {
            return code;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
