package io.serai.route.site;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.node.FencingToken;
import io.serai.config.name.HostPort;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** What tests deliver and where to. */
final class Parcels {
    static final String STEP = "step";

    private Parcels() {}

    static ClaimedEvent event(long id, int attempt) {
        return event(id, attempt, 1);
    }

    static ClaimedEvent event(long id, int attempt, long epoch) {
        return new ClaimedEvent(
                new EventId(id),
                EventKind.ARRIVAL,
                new RouteId("orders"),
                "acme",
                Optional.empty(),
                Optional.empty(),
                "/outbox/orders.csv",
                Map.of(),
                attempt,
                Instant.now(),
                new FencingToken(new NodeName("node-1"), epoch));
    }

    static Parcel parcel(ClaimedEvent event, Site site, String name, IfExists ifExists, byte[] content) {
        return new Parcel(
                event,
                STEP,
                site,
                site.folder(),
                name,
                new TemporaryName(TemporaryName.DEFAULT),
                ifExists,
                body(content));
    }

    static DeliveredBody body(byte[] content) {
        return new DeliveredBody(
                () -> new ByteArrayInputStream(content), OptionalLong.of(content.length), Optional.of(sha256(content)));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static Site sftp(int port, String folder, String privateKey, List<String> trust, Duration timeout) {
        return site(
                Protocol.SFTP,
                port,
                folder,
                Optional.of(System.getProperty("user.name")),
                Optional.empty(),
                Optional.of(new SecretText(privateKey)),
                trust,
                timeout);
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // the fields of a site that tests vary
    static Site site(
            Protocol protocol,
            int port,
            String folder,
            Optional<String> user,
            Optional<SecretText> password,
            Optional<SecretText> privateKey,
            List<String> trust,
            Duration timeout) {
        return new Site(
                new SiteName("warehouse"),
                "",
                protocol,
                "127.0.0.1",
                port,
                folder,
                user,
                password,
                privateKey,
                Optional.empty(),
                Optional.empty(),
                trust,
                Site.TlsMode.EXPLICIT,
                Duration.ofSeconds(5),
                timeout,
                2,
                OptionalLong.empty());
    }

    static Site recovering(Site site, List<HostPort> recovery) {
        return new Site(
                site.name(),
                site.description(),
                site.protocol(),
                site.host(),
                site.port(),
                site.folder(),
                site.user(),
                site.password(),
                site.privateKey(),
                site.privateKeyPassphrase(),
                site.bearerToken(),
                site.trust(),
                site.tlsMode(),
                site.connectTimeout(),
                site.timeout(),
                site.maxParallel(),
                site.bandwidthBytes(),
                site.zone(),
                recovery);
    }

    static Site with(Site site, Optional<SecretText> password, List<String> trust, Site.TlsMode mode) {
        return new Site(
                site.name(),
                site.description(),
                site.protocol(),
                site.host(),
                site.port(),
                site.folder(),
                site.user(),
                password,
                password.isPresent() ? Optional.empty() : site.privateKey(),
                site.privateKeyPassphrase(),
                site.bearerToken(),
                trust,
                mode,
                site.connectTimeout(),
                site.timeout(),
                site.maxParallel(),
                site.bandwidthBytes());
    }
}
