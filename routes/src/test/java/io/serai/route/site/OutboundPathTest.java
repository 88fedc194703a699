package io.serai.route.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import io.serai.route.site.connection.LineWatch;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.SiteInspection;
import io.serai.route.site.connection.StopSwitch;
import io.serai.route.site.outbound.HttpProxyPath;
import io.serai.route.site.outbound.OutboundPath;
import io.serai.route.site.outbound.ProxyLogin;
import io.serai.route.site.outbound.SocksPath;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sites behind proxies: real servers of all three protocols, OpenSSH as somebody else's proxy, and proxies that fail. */
@Timeout(120)
class OutboundPathTest {
    private static final String NAME = "partner.invalid";
    private static final String OTHER_KEY =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    @TempDir
    static Path servers;

    private static OpenSshServer sftp;
    private static VsftpdServer ftps;
    private static NginxServer https;
    private static DefaultCamelContext camel;

    @BeforeAll
    static void start() throws IOException {
        sftp = new OpenSshServer(servers.resolve("sshd"));
        ftps = new VsftpdServer(servers.resolve("vsftpd"), false);
        https = new NginxServer(servers.resolve("nginx"));
        camel = new DefaultCamelContext();
        camel.start();
    }

    @AfterAll
    static void stop() {
        camel.stop();
        sftp.close();
        ftps.close();
        https.close();
    }

    private static OutboundPath by(int port) {
        return new SocksPath("127.0.0.1", port, Optional.empty());
    }

    private static Site sftpSite() {
        return Parcels.sftp(
                sftp.port(),
                servers.toString(),
                sftp.privateKey(),
                List.of(sftp.hostKeyLine()),
                Duration.ofSeconds(10));
    }

    private static Site tlsSite(Protocol protocol, int port, String user, String password, String certificate) {
        return Parcels.site(
                protocol,
                port,
                "",
                Optional.of(user),
                Optional.of(new SecretText(password)),
                Optional.empty(),
                List.of(certificate),
                Duration.ofSeconds(10));
    }

    private static Site ftpsSite() {
        return tlsSite(Protocol.FTPS, ftps.port(), VsftpdServer.USER, "guest", ftps.certificate());
    }

    private static Site httpsSite() {
        return tlsSite(Protocol.HTTPS, https.port(), "partner", "secret", https.certificate());
    }

    /** The site under a name that this host does not know; trusted by what it shows, whatever its name. */
    private static Site named(Site site, OutboundPath path) {
        Site other = new Site(
                site.name(),
                site.description(),
                site.protocol(),
                NAME,
                site.port(),
                site.folder(),
                site.user(),
                site.password(),
                site.privateKey(),
                site.privateKeyPassphrase(),
                site.bearerToken(),
                List.of(),
                site.tlsMode(),
                site.connectTimeout(),
                site.timeout(),
                site.maxParallel(),
                site.bandwidthBytes());
        try (SiteInspection inspection = new SiteInspection(camel, any -> List.of(path))) {
            String shown = inspection.presented(other).trustLine();
            return new Site(
                    other.name(),
                    other.description(),
                    other.protocol(),
                    NAME,
                    other.port(),
                    other.folder(),
                    other.user(),
                    other.password(),
                    other.privateKey(),
                    other.privateKeyPassphrase(),
                    other.bearerToken(),
                    List.of(shown),
                    other.tlsMode(),
                    other.connectTimeout(),
                    other.timeout(),
                    other.maxParallel(),
                    other.bandwidthBytes());
        }
    }

    private static String test(Site site, OutboundPath... paths) {
        try (SiteInspection inspection = new SiteInspection(camel, any -> List.of(paths))) {
            return inspection.test(site);
        }
    }

    /** Sends a file and looks at it. */
    private static void deliver(Site site, String path, Path stored, OutboundPath... paths) throws IOException {
        byte[] content = new byte[3_000_000];
        new Random(5).nextBytes(content);
        try (LineWatch watch = new LineWatch();
                SiteConnections connections =
                        new SiteConnections(camel, watch, new InMemorySiteLimits(), any -> List.of(paths))) {
            for (int i = 0; i < 2; i++) {
                try (SiteConnections.Lease lease = connections.take(site, new StopSwitch())) {
                    lease.connection().store(path + i, new ByteArrayInputStream(content));
                    assertThat(lease.connection().stat(path + i).orElseThrow().sizeBytes())
                            .hasValue(content.length);
                    lease.keep();
                }
                assertThat(Files.readAllBytes(
                                stored.resolveSibling(stored.getFileName().toString() + i)))
                        .isEqualTo(content);
            }
        }
    }

    private static void deliverAll(Site toSftp, Site toFtps, Site toHttps, OutboundPath path) throws IOException {
        Path stored = servers.resolve("by-sftp");
        deliver(toSftp, stored.toString(), stored, path);
        deliver(toFtps, "by-ftps", ftps.root().resolve("by-ftps"), path);
        assertThat(test(toFtps, path)).contains("is trusted");
        assertThat(test(toHttps, path)).contains("is trusted");
    }

    @Test
    void sitesAreReachedThroughSomebodyElsesProxy() throws Exception {
        Programs.require("/usr/bin/ssh", "openssh-client");
        int port = Programs.freePort();
        Path log = servers.resolve("proxy.log");
        Process proxy = Programs.start(
                List.of(
                        "/usr/bin/ssh",
                        "-N",
                        "-D",
                        "127.0.0.1:" + port,
                        "-p",
                        Integer.toString(sftp.port()),
                        "-i",
                        servers.resolve("sshd/user_key").toString(),
                        "-o",
                        "StrictHostKeyChecking=no",
                        "-o",
                        "UserKnownHostsFile=/dev/null",
                        "-o",
                        "BatchMode=yes",
                        System.getProperty("user.name") + "@127.0.0.1"),
                log);
        try {
            Programs.awaitPort(proxy, port, log);
            deliverAll(sftpSite(), ftpsSite(), httpsSite(), by(port));
        } finally {
            Programs.stop(proxy);
        }
        // Without it nothing goes, so it was the proxy indeed.
        assertThatThrownBy(() -> test(sftpSite(), by(port))).satisfies(code(ErrorCode.SITE_PROXY_DOWN));
    }

    @Test
    void sitesOfAllKindsAreReachedThroughDante() throws Exception {
        try (DanteServer dante = new DanteServer(servers.resolve("dante"), "127.0.0.0/8")) {
            deliverAll(sftpSite(), ftpsSite(), httpsSite(), by(dante.port()));
            assertThat(Programs.text(dante.log())).contains("tcp/connect");
        }
    }

    @Test
    void whatDanteForbidsIsSaidAndNotTriedAnotherWay() throws Exception {
        try (DanteServer dante = new DanteServer(servers.resolve("strict"), "192.0.2.0/24")) {
            for (Site site : List.of(sftpSite(), ftpsSite(), httpsSite())) {
                assertThatThrownBy(() -> test(site, by(dante.port()), OutboundPath.DIRECT))
                        .satisfies(code(ErrorCode.INVALID))
                        .hasMessageContaining("127.0.0.1:" + dante.port() + " does not allow connections to 127.0.0.1");
            }
        }
    }

    private static OutboundPath byHttp(int port, String password) {
        return new HttpProxyPath(
                "the company's proxy",
                "127.0.0.1",
                port,
                Optional.of(new ProxyLogin("serai", new SecretText(password))));
    }

    @Test
    void sitesOfAllKindsAreReachedThroughAnHttpProxy() throws Exception {
        try (TinyProxy proxy = new TinyProxy(servers.resolve("tinyproxy"), "serai", "s3cret")) {
            deliverAll(sftpSite(), ftpsSite(), httpsSite(), byHttp(proxy.port(), "s3cret"));
            assertThat(Programs.text(proxy.log())).contains("CONNECT 127.0.0.1:" + https.port());
            assertThatThrownBy(() -> test(httpsSite(), byHttp(proxy.port(), "other"), OutboundPath.DIRECT))
                    .satisfies(code(ErrorCode.INVALID))
                    .hasMessageContaining("the company's proxy")
                    .hasMessageNotContaining("other");
            Site gone = httpsSite().at(new HostPort("127.0.0.1", Programs.freePort()));
            assertThatThrownBy(() -> test(gone, byHttp(proxy.port(), "s3cret"), OutboundPath.DIRECT))
                    .satisfies(code(ErrorCode.SITE_UNREACHABLE));
        }
        assertThatThrownBy(() -> test(httpsSite(), byHttp(Programs.freePort(), "s3cret")))
                .satisfies(code(ErrorCode.SITE_PROXY_DOWN))
                .hasMessageContaining("the company's proxy is down");
    }

    @Test
    void anHttpProxyThatFailsIsTakenForWhatItSays() throws Exception {
        for (Site site : List.of(sftpSite(), httpsSite())) {
            try (HttpAnswer odd = new HttpAnswer("SSH-2.0-x\r\n\r\n");
                    HttpAnswer busy = new HttpAnswer("HTTP/1.1 500 out of order\r\n\r\n");
                    HttpAnswer endless = new HttpAnswer("x".repeat(20_000));
                    HttpAnswer gone = new HttpAnswer("");
                    HttpAnswer forbidden = new HttpAnswer("HTTP/1.1 403 Filtered\r\nA: b\r\n\r\n");
                    HttpAnswer bad = new HttpAnswer("HTTP/1.0 502 Bad gateway\r\n\r\n")) {
                assertThat(test(
                                site,
                                byHttp(odd.port(), "x"),
                                byHttp(busy.port(), "x"),
                                byHttp(endless.port(), "x"),
                                byHttp(gone.port(), "x"),
                                OutboundPath.DIRECT))
                        .contains("is trusted");
                assertThatThrownBy(() -> test(site, byHttp(busy.port(), "x")))
                        .satisfies(code(ErrorCode.SITE_PROXY_DOWN))
                        .hasMessageContaining("500 out of order");
                assertThatThrownBy(() -> test(site, byHttp(forbidden.port(), "x"), OutboundPath.DIRECT))
                        .satisfies(code(ErrorCode.INVALID))
                        .hasMessageContaining("403 Filtered");
                assertThatThrownBy(() -> test(site, byHttp(bad.port(), "x"), OutboundPath.DIRECT))
                        .satisfies(code(ErrorCode.SITE_UNREACHABLE));
            }
        }
    }

    private static Site recovering(Site site, HostPort first) throws IOException {
        return Parcels.recovering(
                site.at(first),
                List.of(new HostPort("127.0.0.1", Programs.freePort()), new HostPort(site.host(), site.port())));
    }

    @Test
    void aSiteThatCannotBeReachedIsReachedAtItsAddressForRecovery() throws Exception {
        for (Site site : List.of(sftpSite(), ftpsSite(), httpsSite())) {
            Site nobody = recovering(site, new HostPort("127.0.0.1", Programs.freePort()));
            Site unknown = recovering(site, new HostPort(NAME, 22));
            try (TestProxy proxy = new TestProxy()) {
                for (Site moved : List.of(nobody, unknown)) {
                    assertThat(test(moved, OutboundPath.DIRECT))
                            .as("%s", site.protocol())
                            .contains("127.0.0.1:" + site.port());
                }
                assertThat(test(nobody, by(Programs.freePort()), by(proxy.port())))
                        .contains("is trusted");
            }
            try (SiteInspection inspection = new SiteInspection(camel, any -> List.of(OutboundPath.DIRECT))) {
                assertThat(inspection.presented(nobody).trustLine())
                        .isEqualTo(inspection.presented(site).trustLine());
            }
        }
        Site wrongKey = sftpSite().withTrust(List.of(OTHER_KEY));
        assertThatThrownBy(() ->
                        test(recovering(wrongKey, new HostPort("127.0.0.1", sftp.port())), OutboundPath.DIRECT))
                .satisfies(code(ErrorCode.SITE_UNTRUSTED));
    }

    /** Ways out that take turns, as the edges of a zone do. */
    private record Turns(List<OutboundPath> all, AtomicInteger next) implements OutboundPath {
        @Override
        public OutboundPath ofOneConnection() {
            return all.get(next.getAndIncrement() % all.size());
        }

        @Override
        public void connect(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis)
                throws IOException {
            ofOneConnection().connect(socket, dial, destination, withinMillis);
        }

        @Override
        public boolean isDirect() {
            return false;
        }
    }

    @Test
    void allSocketsOfAConnectionLeaveAtTheSamePlace() throws Exception {
        try (TestProxy one = new TestProxy();
                TestProxy other = new TestProxy()) {
            OutboundPath edges = new Turns(List.of(by(one.port()), by(other.port())), new AtomicInteger());
            for (int i = 0; i < 2; i++) {
                one.asked.clear();
                other.asked.clear();
                deliver(ftpsSite(), "together", ftps.root().resolve("together"), edges);
                assertThat(List.of(one.asked.size(), other.asked.size())).contains(0);
                assertThat(one.asked.size() + other.asked.size())
                        .as("control and data connections")
                        .isGreaterThan(2);
            }
        }
    }

    @Test
    void namesAreForTheProxyToResolve() throws Exception {
        try (TestProxy proxy = new TestProxy()) {
            OutboundPath path = by(proxy.port());
            deliverAll(named(sftpSite(), path), named(ftpsSite(), path), named(httpsSite(), path), path);
            assertThat(proxy.asked).isNotEmpty().allMatch(NAME::equals);
        }
    }

    private static java.util.function.Consumer<Throwable> code(ErrorCode code) {
        return failure -> assertThat(((SeraiException) failure).code())
                .as(failure.toString())
                .isEqualTo(code);
    }

    @Test
    void whenTheProxyIsDownItIsRefusedOrGoesAnotherWayAsTold() throws Exception {
        int nobody = Programs.freePort();
        for (Site site : List.of(sftpSite(), ftpsSite(), httpsSite())) {
            assertThatThrownBy(() -> test(site, by(nobody)))
                    .satisfies(code(ErrorCode.SITE_PROXY_DOWN))
                    .hasMessageContaining("the proxy 127.0.0.1:" + nobody + " is down");
            assertThat(test(site, by(nobody), OutboundPath.DIRECT)).contains("is trusted");
            try (TestProxy broken = new TestProxy(new byte[] {5, 0}, 1);
                    TestProxy odd = new TestProxy("HTTP/1.1 400 what".getBytes(), 0);
                    TestProxy works = new TestProxy()) {
                assertThat(test(site, by(broken.port()), by(odd.port()), by(nobody), by(works.port())))
                        .contains("is trusted");
                assertThat(works.asked).isNotEmpty();
                assertThat(test(site, by(odd.port()), by(broken.port()), OutboundPath.DIRECT))
                        .contains("is trusted");
                assertThatThrownBy(() -> test(site, by(broken.port()))).satisfies(code(ErrorCode.SITE_PROXY_DOWN));
            }
        }
    }

    @Test
    void whatTheProxySaysOfTheDestinationIsNoReasonToGoAnotherWay() throws Exception {
        for (Site site : List.of(sftpSite(), ftpsSite(), httpsSite())) {
            try (TestProxy forbidding = new TestProxy(new byte[] {5, 0}, 2);
                    TestProxy refused = new TestProxy(new byte[] {5, 0}, 5);
                    TestProxy wantsLogin = new TestProxy(new byte[] {5, (byte) 0xff}, 0)) {
                assertThatThrownBy(() -> test(site, by(forbidding.port()), OutboundPath.DIRECT))
                        .as("%s", site.protocol())
                        .satisfies(code(ErrorCode.INVALID))
                        .hasMessageContaining("does not allow");
                assertThatThrownBy(() -> test(site, by(refused.port()), OutboundPath.DIRECT))
                        .satisfies(code(ErrorCode.SITE_UNREACHABLE));
                assertThatThrownBy(() -> test(site, by(wantsLogin.port()), OutboundPath.DIRECT))
                        .satisfies(code(ErrorCode.INVALID));
            }
        }
    }

    @Test
    void aProxyThatSaysNothingHoldsNobodyForLong() throws Exception {
        try (TestProxy silent = new TestProxy(new byte[0], 0);
                TestProxy late = new TestProxy(new byte[] {5, 0}, -1)) {
            long start = System.nanoTime();
            assertThat(test(sftpSite(), by(silent.port()), OutboundPath.DIRECT)).contains("is trusted");
            assertThatThrownBy(() -> test(sftpSite(), by(late.port()))).satisfies(code(ErrorCode.SITE_TIMEOUT));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
        }
    }
}
