package io.serai.route.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import io.serai.route.site.connection.Presented;
import io.serai.route.site.connection.SiteInspection;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What operators see of a site, asked of real servers. */
@Timeout(60)
class SiteInspectionTest {
    @TempDir
    Path folder;

    @Test
    void anUnknownSiteIsProbedTrustedAndTested() throws IOException {
        try (OpenSshServer server = new OpenSshServer(folder.resolve("sshd"));
                DefaultCamelContext camel = new DefaultCamelContext();
                SiteInspection inspection = new SiteInspection(camel)) {
            Site unknown = Parcels.sftp(server.port(), "", server.privateKey(), List.of(), Duration.ofSeconds(10));
            assertThatThrownBy(() -> inspection.test(unknown)).satisfies(this::untrusted);
            Presented presented = inspection.presented(unknown);
            assertThat(presented.fingerprint()).isEqualTo(server.hostKeyFingerprint());
            assertThat(presented.kind()).isEqualTo("ssh-ed25519");
            assertThat(server.hostKeyLine()).startsWith(presented.trustLine());
            Site trusted =
                    Parcels.with(unknown, Optional.empty(), List.of(presented.trustLine()), Site.TlsMode.EXPLICIT);
            assertThat(inspection.test(trusted)).contains("the login folder");
        }
    }

    @Test
    void certificatesArePresentedByTheirFingerprint() throws IOException {
        try (VsftpdServer ftps = new VsftpdServer(folder.resolve("vsftpd"), false);
                NginxServer https = new NginxServer(folder.resolve("nginx"));
                DefaultCamelContext camel = new DefaultCamelContext();
                SiteInspection inspection = new SiteInspection(camel)) {
            probeTrustAndTest(inspection, site(Protocol.FTPS, ftps.port(), VsftpdServer.USER, "guest"));
            probeTrustAndTest(inspection, site(Protocol.HTTPS, https.port(), "partner", "secret"));
        }
    }

    private void probeTrustAndTest(SiteInspection inspection, Site site) {
        assertThatThrownBy(() -> inspection.test(site)).satisfies(this::untrusted);
        Presented presented = inspection.presented(site);
        assertThat(presented.fingerprint()).matches("sha256/[0-9a-f]{64}");
        Site trusted = Parcels.with(site, site.password(), List.of(presented.trustLine()), Site.TlsMode.EXPLICIT);
        assertThat(inspection.test(trusted)).contains("is trusted");
    }

    private static Site site(Protocol protocol, int port, String user, String password) {
        return Parcels.site(
                protocol,
                port,
                "",
                Optional.of(user),
                Optional.of(new SecretText(password)),
                Optional.empty(),
                List.of(),
                Duration.ofSeconds(10));
    }

    private void untrusted(Throwable failure) {
        assertThat(((SeraiException) failure).code()).isEqualTo(ErrorCode.SITE_UNTRUSTED);
    }
}
