package io.serai.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** Clients that stop in the middle of an upload in a way that no ordinary client can be asked for. */
final class BrokenClient {
    private static final int TIMEOUT_MS = 20_000;

    /** Something that breaks an upload. */
    interface Breaker {
        /**
         * @param tcp the connection of the bytes
         * @param secured what speaks on it; the same where that is not ours
         */
        void breakOff(Socket tcp, Socket secured) throws IOException;
    }

    /** How a connection breaks. */
    enum Break implements Breaker {
        /** TCP reset. */
        RESET,
        /** An end of the stream without TLS's close_notify, as a dead process leaves it. */
        CUT,
        /** Nothing more is sent, without close_notify, while answers would still be read. */
        HALF_CLOSE,
        /** TLS ends in order, but before the announced length. */
        SHORT;

        @Override
        public void breakOff(Socket tcp, Socket secured) throws IOException {
            switch (this) {
                case RESET -> {
                    tcp.setSoLinger(true, 0);
                    tcp.close();
                }
                case CUT -> tcp.close();
                case HALF_CLOSE -> tcp.shutdownOutput();
                case SHORT -> secured.close();
            }
        }
    }

    private BrokenClient() {}

    /** PUT with the length of the whole file and the beginning of its bytes. */
    static void https(int port, String account, Path file, String path, int bytes, Breaker how) throws IOException {
        try (Socket socket = connect(port)) {
            SSLSocket tls = tls(socket);
            String login = Base64.getEncoder()
                    .encodeToString((account + ":" + Partner.PASSWORD).getBytes(StandardCharsets.UTF_8));
            OutputStream out = tls.getOutputStream();
            out.write(("PUT " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic " + login
                            + "\r\nContent-Length: " + Files.size(file) + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            send(file, bytes, out);
            how.breakOff(socket, tls);
            awaitEnd(socket, how);
        }
    }

    /** STOR on a data connection that breaks. */
    static void ftps(int port, String account, Path file, String path, int bytes, Breaker how) throws IOException {
        try (Socket plain = connect(port)) {
            BufferedReader first = reader(plain);
            expect(first, "220");
            command(plain, first, "AUTH TLS", "234");
            SSLSocket control = tls(plain);
            BufferedReader replies = reader(control);
            command(control, replies, "USER " + account, "331");
            command(control, replies, "PASS " + Partner.PASSWORD, "230");
            command(control, replies, "PBSZ 0", "200");
            command(control, replies, "PROT P", "200");
            command(control, replies, "TYPE I", "200");
            String passive = command(control, replies, "EPSV", "229");
            int dataPort = Integer.parseInt(passive.replaceAll(".*\\|\\|\\|(\\d+)\\|.*", "$1"));
            try (Socket socket = connect(dataPort)) {
                control.getOutputStream().write(("STOR " + path + "\r\n").getBytes(StandardCharsets.US_ASCII));
                SSLSocket data = tls(socket);
                send(file, bytes, data.getOutputStream());
                how.breakOff(socket, data);
                awaitRefusal(replies);
            }
        }
    }

    private static void send(Path file, int bytes, OutputStream out) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            out.write(in.readNBytes(bytes));
            out.flush();
        }
    }

    /** Reads what still comes, which may be nothing when the server is gone. */
    private static void awaitRefusal(BufferedReader replies) throws IOException {
        try {
            String line = replies.readLine();
            while (line != null) {
                if (line.startsWith("2")) {
                    throw new AssertionError("a broken upload was answered with " + line);
                }
                line = line.startsWith("150") ? replies.readLine() : null;
            }
        } catch (SocketException e) {
            return; // the server was killed
        }
    }

    /** After a half-close the server may answer; what it does not do is wait for ever. */
    private static void awaitEnd(Socket socket, Breaker how) throws IOException {
        if (how == Break.HALF_CLOSE) {
            try {
                socket.getInputStream().transferTo(OutputStream.nullOutputStream());
            } catch (SocketException e) {
                // A reset is an answer too.
                return;
            }
        }
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(TIMEOUT_MS);
        return socket;
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8), 1);
    }

    private static String command(Socket socket, BufferedReader replies, String text, String code) throws IOException {
        socket.getOutputStream().write((text + "\r\n").getBytes(StandardCharsets.US_ASCII));
        return expect(replies, code);
    }

    private static String expect(BufferedReader replies, String code) throws IOException {
        String line = replies.readLine();
        while (line != null && (line.length() < 4 || line.charAt(3) == '-')) {
            line = replies.readLine();
        }
        if (line == null || !line.startsWith(code)) {
            throw new AssertionError("expected " + code + ", got " + line);
        }
        return line;
    }

    private static SSLSocket tls(Socket socket) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new TrustAll()}, null);
            SSLSocket tls =
                    (SSLSocket) context.getSocketFactory().createSocket(socket, "127.0.0.1", socket.getPort(), false);
            tls.startHandshake();
            return tls;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whom it talks to is not what these tests are about. */
    private static final class TrustAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {
            // Nobody is checked.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
            // Nobody is checked.
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
