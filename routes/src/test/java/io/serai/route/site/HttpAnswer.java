package io.serai.route.site;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Reads the head of each request, answers it with the same text, whatever it is, and ends the connection. */
final class HttpAnswer implements AutoCloseable {
    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    HttpAnswer(String text) throws IOException {
        Thread thread = new Thread(() -> {
            while (!listening.isClosed()) {
                try (Socket client = listening.accept()) {
                    StringBuilder head = new StringBuilder();
                    int next = client.getInputStream().read();
                    while (next >= 0 && head.indexOf("\r\n\r\n") < 0) {
                        head.append((char) next);
                        next = head.indexOf("\r\n\r\n") < 0
                                ? client.getInputStream().read()
                                : -1;
                    }
                    client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                    // The client has what it needs, or the test is over.
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return listening.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
