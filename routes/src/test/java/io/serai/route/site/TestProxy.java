package io.serai.route.site;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A SOCKS5 proxy that takes every name for this host, remembers what it was asked, and answers as a test wants. */
final class TestProxy implements AutoCloseable {
    private static final int REFUSED = 5;

    final List<String> asked = new CopyOnWriteArrayList<>();
    private final ServerSocket listening;
    private final byte[] greeting;
    private final int reply;

    /** One that works. */
    TestProxy() throws IOException {
        this(new byte[] {5, 0}, 0);
    }

    /** @param reply what it answers to CONNECT; below 0 for nothing */
    TestProxy(byte[] greeting, int reply) throws IOException {
        this.greeting = greeting;
        this.reply = reply;
        listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start(() -> {
            while (true) {
                Socket client = listening.accept();
                start(() -> serve(client));
            }
        });
    }

    int port() {
        return listening.getLocalPort();
    }

    private void serve(Socket client) throws IOException {
        DataInputStream in = new DataInputStream(client.getInputStream());
        in.readByte();
        in.skipNBytes(in.readUnsignedByte());
        client.getOutputStream().write(greeting);
        in.skipNBytes(3);
        byte[] host = in.readNBytes(
                switch (in.readUnsignedByte()) {
                    case 1 -> 4;
                    case 3 -> in.readUnsignedByte();
                    default -> 16;
                });
        int port = in.readUnsignedShort();
        asked.add(
                host.length == 4
                        ? InetAddress.getByAddress(host).getHostAddress()
                        : new String(host, StandardCharsets.US_ASCII));
        if (reply < 0) {
            in.readByte();
        }
        if (reply == 0) {
            lead(client, in, port);
        } else {
            answer(client, reply);
            client.close();
        }
    }

    private static void answer(Socket client, int reply) throws IOException {
        client.getOutputStream().write(new byte[] {5, (byte) reply, 0, 1, 0, 0, 0, 0, 0, 0});
    }

    /** Says that it is connected when it is. */
    private static void lead(Socket client, InputStream in, int port) throws IOException {
        Socket there;
        try {
            there = new Socket(InetAddress.getLoopbackAddress(), port);
        } catch (IOException e) {
            answer(client, REFUSED);
            client.close();
            return;
        }
        answer(client, 0);
        start(() -> pump(there.getInputStream(), client));
        pump(in, there);
    }

    private static void pump(InputStream from, Socket to) throws IOException {
        try {
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[65_536];
            for (int got = from.read(buffer); got >= 0; got = from.read(buffer)) {
                out.write(buffer, 0, got);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            to.close();
        }
    }

    /** May fail, which then is seen at the other end. */
    private interface Action {
        void run() throws IOException;
    }

    private static void start(Action action) {
        Thread thread = new Thread(() -> {
            try {
                action.run();
            } catch (IOException e) {
                // Closed by the test or by either end.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
