package io.serai.edge.main;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.edge.message.EdgeMessages.Offer;
import io.serai.edge.routefile.OfferText;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a route file of an edge can say, and all that it must not. */
class RouteTrialTest {
    private static final String GOOD =
            """
            - route:
                id: partners
                errorHandler:
                  noErrorHandler: {}
                from:
                  uri: http-server:partners
                  parameters:
                    port: 8443
                    certificate: keys/chain.pem
                steps:
                  - to: relay:internal
            """.replace("    steps:\n      - to: relay", "      steps:\n        - to: relay");

    private static List<String> problems(String text) {
        return RouteTrial.problems("partners.yaml", text, Map.of());
    }

    @Test
    void takesARoute() {
        assertThat(problems(GOOD)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"partners-sftp.yaml", "partners-ftps.yaml", "partners-https.yaml"})
    void takesWhatIsShipped(String name) throws Exception {
        try (InputStream file = RouteTrialTest.class.getResourceAsStream("/examples/edge/" + name)) {
            String text = new String(Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
            assertThat(RouteTrial.problems(name, text, Map.of())).isEmpty();
        }
    }

    @Test
    void takesWhatAZoneSays() {
        Offer offer = new Offer(
                "sftp",
                "sftp",
                List.of(
                        "port=2022",
                        "deny=192.0.2.0/24",
                        "connectionRate=9/s",
                        "connectionRatePerAddress=1/m",
                        "loginRate=3/m"));
        Object keys = new Object();
        assertThat(RouteTrial.problems(
                        "sftp.yaml",
                        OfferText.of(offer)
                                .replace(OfferText.HOST_KEYS, "keys/x")
                                .replace("hostKeySet", "hostKeys"),
                        Map.of("edgeHostKeys", keys)))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "id: partners|id: other|:1: the route's id",
                "id: partners|id: partners\\n    autoStartup: false|:3:5: \"autoStartup\" is not known",
                "port: 8443|prot: 8443|:6: the listener has no such option: prot=8443",
                "port: 8443|port: many|:6: ",
                "port: 8443|port: '{{env:HOME}}'|:8:15: placeholders",
                "port: 8443|port: '#class:java.io.File'|:8:15: \"#\" can stand",
                "port: 8443|port: '${env:HOME}'|:8:15: expected no other expression",
                "certificate: keys/chain.pem|certificate: /etc/cron.d/x|:9:22: expected a path below",
                "certificate: keys/chain.pem|certificate: keys/../../x|:9:22: expected a path below",
                "certificate: keys/chain.pem|certificate: [a]|:9:9: expected the name of an option",
                "http-server:partners|file:/etc|:6:12: a route of an edge begins with",
                "http-server:partners|netty:tcp://0.0.0.0:1|:6:12: a route of an edge begins with",
                "http-server:partners|http-server:x?port=1|:6:12: write options below",
                "relay:internal|file:/tmp/x|:11:15: a step of an edge can go to",
                "relay:internal|relay:other|:11:15: an edge's route ends with",
                "to: relay|toD: relay|:11:11: \"toD\" is not known in an edge's route file",
                "- to: relay:internal|- bean: {ref: x}|:11:11: \"bean\" is not known",
                "- to: relay:internal|- setBody: {groovy: x}|:11:11: \"setBody\" is not known",
                "- to: relay:internal|- log: '${body.getClass()}'|:11:16: expected no other expression",
                "- to: relay:internal|- log: '$simple{body}'|:11:16: expected no other expression",
                "- to: relay:internal|- filter: {simple: 'resource:file:/etc/passwd', steps: []}|expected no other expression",
                "- to: relay:internal|- filter: {groovy: 'x', steps: []}|\"groovy\" is not known",
                "- to: relay:internal|- to: admit:x|leads nowhere",
                "- to: relay:internal|- to: {uri: admit:x, parameters: {deny: 300.0.0.0/8}}|:10: admit:x",
                "- to: relay:internal|- log: '-----BEGIN PRIVATE KEY-----'|a key must not stand",
                "- route:|- beans: []\\n- route:|expected one route and nothing else",
                "- route:|- from:|expected one route and nothing else",
                "- route:|- rest:|expected one route and nothing else",
                "id: partners|id: [|not valid YAML",
                "- to: relay:internal|- filter: &a {simple: x, steps: [*a]}|"
            })
    void refusesTheRestWithItsLine(String part, String instead, String reason) {
        assertThat(GOOD).contains(part);
        List<String> problems = problems(GOOD.replace(part, instead.replace("\\n", "\n")));
        assertThat(problems).isNotEmpty();
        assertThat(problems).allSatisfy(problem -> assertThat(problem).startsWith("partners.yaml:"));
        assertThat(String.join("\n", problems)).contains(reason == null ? "" : reason);
    }
}
