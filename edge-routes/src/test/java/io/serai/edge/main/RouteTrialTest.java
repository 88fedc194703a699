package io.serai.edge.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.edge.message.EdgeMessages.Offer;
import io.serai.edge.routefile.OfferText;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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

    @TempDir
    Path folder;

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
                "port: 8443|prot: 8443|:8:9: the listener has no such option at an edge: prot; did you mean \"port\"?",
                "port: 8443|port: many|:8:15: expected a port",
                "port: 8443|PORT: 8443|:8:9: the listener has no such option at an edge: PORT",
                "port: 8443|port: 8443&certificate=/etc/x|:8:15: expected a port",
                "port: 8443|port: 8443\\n        port: 8444|:9:9: \"port\" is here twice",
                "port: 8443|tls: OFF|:8:14: expected REQUIRED",
                "port: 8443|exceptionHandler: x|:8:9: the listener has no such option",
                "port: 8443|hostNames: '%7B%7Benv:HOME%7D%7D'|:8:20: expected host names",
                "port: 8443|hostNames: 'RAW(x)'|:8:20: expected host names",
                "port: 8443|tlsIdentity: '%23bean:edgeTls'|:8:22: expected \"#bean:edgeTls\"",
                "port: 8443|bindAddress: edge.example|:8:22: expected an IP address",
                "certificate: keys/chain.pem|CERTIFICATE: /etc/x|:9:9: the listener has no such option",
                "certificate: keys/chain.pem|certificate: '%2Fetc%2Fx'|:9:22: expected a path below",
                "http-server:partners|http-server:x%3Fport=1|:6:12: expected http-server: and a name",
                "http-server:partners|http-server://x|:6:12: expected http-server: and a name",
                "http-server:partners\\n|http-server:partners\\n      uri: sftp-server:x\\n|:7:7: \"uri\" is here twice",
                "- to: relay:internal|- to: {uri: relay:internal, parameters: {lazyStartProducer: true}}|has no such option",
                "- to: relay:internal|- to: {uri: admit:x, parameters: {deny: '%23class:java.util.Date'}}|expected networks",
                "- to: relay:internal|- log: {message: x, parameters: {a: b}}|\"parameters\" cannot stand here",
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
        String found = part.replace("\\n", "\n");
        assertThat(GOOD).contains(found);
        List<String> problems = problems(GOOD.replace(found, instead.replace("\\n", "\n")));
        assertThat(problems).isNotEmpty();
        assertThat(problems).allSatisfy(problem -> assertThat(problem).startsWith("partners.yaml:"));
        assertThat(String.join("\n", problems)).contains(reason == null ? "" : reason);
    }

    /** What Camel can be had to make by the value of an option, written so that a look at the text does not see it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "hostNames: \"%23class:java.io.FileOutputStream('FILE')\"",
                "hostNames: \"%23class:java.io.FileOutputStream%28%27FILE%27%29\"",
                "hostNames: '%2523class:java.io.FileOutputStream(%27FILE%27)'",
                "HOSTNAMES: \"%23class:java.io.FileOutputStream('FILE')\"",
                "port: \"0&hostNames=%23class:java.io.FileOutputStream('FILE')\"",
                "port: \"0&host%4Eames=%23class:java.io.FileOutputStream('FILE')\"",
                "exceptionHandler: \"%23class:java.io.FileOutputStream('FILE')\"",
                "hostNames: \"%23class:java.net.Socket('127.0.0.1',PORT)\"",
                "hostNames: \"%23class:java.nio.file.Path%23of('x')\""
            })
    void makesNothingThatAFileSays(String option) throws Exception {
        Path made = folder.resolve("made");
        try (ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String text = option.replace("FILE", made.toString()).replace("PORT", "" + nobody.getLocalPort());
            List<String> problems = problems(GOOD.replace("port: 8443", text));
            nobody.setSoTimeout(200);
            assertThatThrownBy(nobody::accept).isInstanceOf(SocketTimeoutException.class);
            assertThat(made).doesNotExist();
            assertThat(problems)
                    .isNotEmpty()
                    .allSatisfy(problem -> assertThat(problem).startsWith("partners.yaml:8:"));
        }
    }

    @Test
    void takesEveryOptionThatAnEdgeNeeds() {
        String all = """
                bindAddress: "::"
                        port: 8443
                        proxyProtocolFrom: 10.0.0.0/8, 2001:db8::1
                        tls: REQUIRED
                        hostNames: edge1.example, edge2.example
                        privateKey: keys/tls/key.pem
                        maxConnections: 2000
                        maxRequests: 512""";
        assertThat(problems(GOOD.replace("port: 8443", all))).isEmpty();
        String passing = GOOD.replace("http-server:partners", "relay:internal")
                .replace("certificate: keys/chain.pem", "mode: tcp\n        listener: a\n        protocol: https")
                .replace("to: relay:internal", "to: admit:partners");
        assertThat(problems(passing)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "allow=10.0.0.0/8\"\n            x: \"",
                "deny=%23class:java.util.Date",
                "deny={{x}}",
                "passiveAddress=192.0.2.1%26tls=OPTIONAL",
                "bindAddress=edge.example",
                "port=21&tls=OPTIONAL",
                "tls=OPTIONAL"
            })
    void takesNothingElseFromAZoneEither(String option) {
        Offer offer = new Offer("ftps", "ftps", List.of("port=2121", option));
        assertThatThrownBy(() -> OfferText.of(offer)).isInstanceOf(IllegalArgumentException.class);
    }
}
