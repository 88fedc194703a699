package io.serai.edge.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.edge.relay.PartnerDesk;
import io.serai.endpoint.ActiveListeners;
import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.InMemoryPartners;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.OpenSession;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The shipped routes of an edge: they load as they are, and hold who may connect and how often. */
class EdgeExamplesTest {
    @TempDir
    Path folder;

    @TempDir
    Path storage;

    private final DefaultCamelContext camel = new DefaultCamelContext();
    private InMemoryPartners partners;

    /** Answers at once, in place of a server. */
    private final class Desk implements PartnerDesk {
        @Override
        public <R> R answer(PartnerOperation<R> operation) {
            Exchange exchange = new DefaultExchange(camel);
            exchange.getIn().setBody(operation);
            partners.process(exchange);
            return operation.replyType().cast(exchange.getMessage().getBody());
        }
    }

    @BeforeEach
    void start() {
        partners = new InMemoryPartners(storage).addAccount("acme", "open-sesame");
        camel.getRegistry().bind("internal", new Desk());
    }

    @AfterEach
    void stop() {
        camel.stop();
    }

    private static String shipped(String name) throws Exception {
        try (InputStream file = EdgeExamplesTest.class.getResourceAsStream("/examples/edge/" + name)) {
            return new String(Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void load(String name, String text) throws Exception {
        PluginHelper.getRoutesLoader(camel).loadRoutes(ResourceHelper.fromString("mem:/" + name, text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"partners-sftp.yaml", "partners-ftps.yaml", "partners-https.yaml"})
    void loadsAsItIs(String name) throws Exception {
        camel.setAutoStartup(false);
        load(name, shipped(name));
        camel.start();
        assertThat(camel.getRoutes())
                .singleElement()
                .satisfies(route -> assertThat(name).isEqualTo(route.getRouteId() + ".yaml"));
    }

    @Test
    void holdsWhoMayConnectAndHowOften() throws Exception {
        String text = shipped("partners-https.yaml")
                .replace("0.0.0.0", "127.0.0.1")
                .replace("port: 443", "port: 0")
                .replace("keys/tls", folder.resolve("tls").toString())
                .replace("deny: 192.0.2.0/24", "deny: 192.0.2.0/24,127.0.0.8/31")
                .replace("constant: \"120\"", "constant: \"2\"");
        load("partners-https.yaml", text);
        camel.start();

        assertThat(login("127.0.0.9", "open-sesame")).isEqualTo("401");
        assertThat(partners.operations(OpenSession.class)).isEmpty();
        assertThat(login("127.0.0.10", "wrong")).isEqualTo("401");
        assertThat(login("127.0.0.10", "open-sesame")).isEqualTo("200");
        assertThat(login("127.0.0.10", "open-sesame")).as("the same session").isEqualTo("200");
        assertThat(login("127.0.0.10", "wrong")).as("too many").isEqualTo("503");
        assertThat(login("127.0.0.11", "open-sesame")).as("another address").isEqualTo("200");
        assertThat(partners.operations(OpenSession.class)).hasSize(3);
    }

    private String login(String from, String password) throws Exception {
        int port = new ActiveListeners(camel).bound().get(0).address().getPort();
        return ClientProgram.run(
                        folder,
                        "curl",
                        "-sS",
                        "-4",
                        "--interface",
                        from,
                        "--cacert",
                        folder.resolve("tls/chain.pem").toString(),
                        "-u",
                        "acme:" + password,
                        "-o",
                        "/dev/null",
                        "-w",
                        "%{http_code}",
                        "https://localhost:" + port + "/")
                .output();
    }

    @Test
    void namesTheNetworkThatCannotBe() {
        camel.start();
        assertThatThrownBy(() -> camel.getEndpoint("admit:x?allow=10.0.0.0/99").createProducer())
                .hasMessageContaining("allow=10.0.0.0/99")
                .hasMessageContaining("expected a network");
    }
}
