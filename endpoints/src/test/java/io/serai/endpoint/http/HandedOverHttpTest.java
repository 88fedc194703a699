package io.serai.endpoint.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.InMemoryPartners;
import io.serai.endpoint.ListenerUnderTest;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.handover.HandoverListener;
import io.serai.endpoint.handover.PipedConnection;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections that are handed to the listener, whose bytes come from curl. */
@Timeout(90)
class HandedOverHttpTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    @TempDir
    Path storage;

    private InMemoryPartners partners;
    private ListenerUnderTest server;
    private ServerSocket gateway;

    @BeforeEach
    void start() throws Exception {
        partners = new InMemoryPartners(storage).addAccount("acme", "pass:word");
        server = new ListenerUnderTest(
                "http-server",
                Map.of(
                        "handedOver",
                        "dmz/edge1/web",
                        "certificate",
                        folder.resolve("tls/chain.pem"),
                        "privateKey",
                        folder.resolve("tls/key.pem")),
                partners);
        gateway = PipedConnection.gateway(listener());
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        server.close();
    }

    private HandoverListener listener() {
        return (HandoverListener) server.listeners().bound().get(0);
    }

    private ClientProgram.Ended curl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "curl",
                "-sS",
                "--max-time",
                "60",
                "--cacert",
                folder.resolve("tls/chain.pem").toString(),
                "-u",
                "acme:pass:word"));
        command.addAll(Arrays.asList(arguments));
        return ClientProgram.run(folder, command);
    }

    private String url(String path) {
        return "https://localhost:" + gateway.getLocalPort() + path;
    }

    @Test
    void filesGoBothWaysByBothVersionsWithTheClientsOwnAddress() throws Exception {
        byte[] content = new byte[6 << 20];
        new Random(5).nextBytes(content);
        Path local = Files.write(folder.resolve("a.bin"), content);
        Path back = folder.resolve("b.bin");
        for (String version : new String[] {"--http1.1", "--http2"}) {
            curl(version, "-T", local.toString(), url("/a.bin"));
            assertThat(partners.account("acme").file("/a.bin")).contains(content);
            curl(version, "-o", back.toString(), url("/a.bin"));
            assertThat(Files.readAllBytes(back)).isEqualTo(content);
            Files.delete(back);
        }
        assertThat(partners.operations(OpenSession.class)).isNotEmpty().allSatisfy(open -> {
            assertThat(open.origin().client()).isEqualTo(PipedConnection.CLIENT);
            assertThat(open.origin().local()).isEqualTo(PipedConnection.LOCAL);
        });
    }

    @Test
    void aLineThatBreaksOrEndsIsClosedAndOthersGoOn() throws Exception {
        PipedConnection connection = new PipedConnection();
        assertThat(listener().take(connection)).isTrue();
        connection.tear();
        await().atMost(SOON).until(connection::isClosed);
        PipedConnection ended = new PipedConnection();
        assertThat(listener().take(ended)).isTrue();
        ended.getOutputStream().close();
        await().atMost(SOON).until(ended::isClosed);
        assertThat(curl("-w", "code=%{http_code}", url("/")).output()).contains("code=200");
    }

    @Test
    void oneThatStopsTakesNoMoreAndClosesWhatItHas() throws Exception {
        HandoverListener listener = listener();
        PipedConnection connection = new PipedConnection();
        assertThat(listener.take(connection)).isTrue();
        server.close();
        await().atMost(SOON).until(connection::isClosed);
        assertThat(listener.take(new PipedConnection())).isFalse();
    }
}
