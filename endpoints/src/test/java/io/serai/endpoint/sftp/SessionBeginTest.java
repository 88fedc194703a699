package io.serai.endpoint.sftp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.OpenSession;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the answering side hears of connections whose clients go before they have logged in. */
class SessionBeginTest {
    private static final Duration LIMIT = Duration.ofSeconds(15);

    @TempDir
    Path folder;

    private SftpFixture server;
    private final CountDownLatch mayOpen = new CountDownLatch(1);

    @BeforeEach
    void start() throws Exception {
        server = new SftpFixture(folder);
    }

    @AfterEach
    void stop() {
        mayOpen.countDown();
        server.close();
    }

    /** Which has sent its identification, and has read the listener's and its offer of algorithms. */
    private final class Client implements AutoCloseable {
        private final Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        private final byte[] offer;

        Client() throws IOException {
            socket.setSoTimeout((int) LIMIT.toMillis());
            socket.getOutputStream().write("SSH-2.0-test\r\n".getBytes(StandardCharsets.US_ASCII));
            DataInputStream in = new DataInputStream(socket.getInputStream());
            assertThat(in.readLine()).startsWith("SSH-2.0-");
            int length = in.readInt();
            offer = new byte[4 + length];
            java.nio.ByteBuffer.wrap(offer).putInt(length);
            in.readFully(offer, 4, length);
        }

        /** Offers the same: they agree, and the listener waits for the client's part of the keys. */
        void agree() throws IOException {
            socket.getOutputStream().write(offer);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private void awaitGone() {
        await().atMost(LIMIT).untilAsserted(() -> {
            assertThat(server.partners.operations(CloseSession.class))
                    .hasSameSizeAs(server.partners.operations(OpenSession.class));
            assertThat(server.partners.sessions()).isEmpty();
        });
    }

    @Test
    void aScannerIsNoSession() throws Exception {
        try (Client client = new Client()) {
            assertThat(client.offer).hasSizeGreaterThan(100);
        }
        try (Client later = new Client()) {
            later.agree();
            await().atMost(LIMIT).until(() -> !server.partners.sessions().isEmpty());
        }
        assertThat(server.partners.operations(OpenSession.class)).hasSize(1);
    }

    @Test
    void whoHasAgreedOnAlgorithmsIsASessionUntilHeGoes() throws Exception {
        try (Client client = new Client()) {
            client.agree();
            await().atMost(LIMIT).until(() -> server.partners.sessions().size() == 1);
            assertThat(server.partners
                            .operations(OpenSession.class)
                            .get(0)
                            .origin()
                            .clientSoftware())
                    .contains("SSH-2.0-test");
        }
        awaitGone();
    }

    @Test
    void whoGoesWhileHisSessionIsOpenedLeavesNone() throws Exception {
        server.partners.before(operation -> {
            if (operation instanceof OpenSession) {
                hold();
            }
        });
        try (Client client = new Client()) {
            client.agree();
            await().atMost(LIMIT)
                    .until(() -> server.partners.operations(OpenSession.class).size() == 1);
        }
        await().during(Duration.ofMillis(300))
                .atMost(LIMIT)
                .until(() -> server.partners.operations(CloseSession.class).isEmpty());
        mayOpen.countDown();
        awaitGone();
    }

    private void hold() {
        try {
            mayOpen.await();
        } catch (InterruptedException e) {
            throw new SeraiException(ErrorCode.BUSY, "stopped", e);
        }
    }

    @Test
    void whoLogsInWhileHisSessionIsOpenedWaits() throws Exception {
        server.partners.before(operation -> {
            if (operation instanceof OpenSession) {
                hold();
            }
        });
        Thread client = new Thread(() -> {
            try {
                server.connect().disconnect();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        client.start();
        await().atMost(LIMIT)
                .until(() -> server.partners.operations(OpenSession.class).size() == 1);
        mayOpen.countDown();
        client.join(LIMIT.toMillis());
        assertThat(client.isAlive()).isFalse();
        assertThat(server.partners.operations(OpenSession.class)).hasSize(1);
        assertThat(server.partners.operations(io.serai.endpoint.PartnerOperation.LoginByPassword.class))
                .hasSize(1);
        awaitGone();
    }
}
