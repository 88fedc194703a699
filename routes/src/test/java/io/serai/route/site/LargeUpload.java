package io.serai.route.site;

import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import io.serai.route.site.connection.LineWatch;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.StopSwitch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.camel.impl.DefaultCamelContext;

/** Delivers one large file in a process of its own with a small heap. */
public final class LargeUpload {
    private LargeUpload() {}

    /**
     * Delivers zeros of unknown length under the name {@code large}.
     *
     * @param secret the file with the private key, or with the certificate to trust
     */
    static void inSmallHeap(Site site, Path secret, long sizeBytes) {
        Programs.run(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                LargeUpload.class.getName(),
                site.protocol().name(),
                Integer.toString(site.port()),
                site.folder(),
                secret.toString(),
                String.join("\n", site.trust()),
                Long.toString(sizeBytes)));
    }

    public static void main(String[] arguments) throws Exception {
        Protocol protocol = Protocol.valueOf(arguments[0]);
        int port = Integer.parseInt(arguments[1]);
        List<String> trust = List.of(arguments[4]);
        Duration timeout = Duration.ofSeconds(30);
        Site site = switch (protocol) {
            case SFTP -> Parcels.sftp(port, arguments[2], Files.readString(Path.of(arguments[3])), trust, timeout);
            case FTPS ->
                Parcels.site(
                        protocol,
                        port,
                        arguments[2],
                        Optional.of(VsftpdServer.USER),
                        Optional.of(new SecretText("guest")),
                        Optional.empty(),
                        trust,
                        timeout);
            case HTTPS ->
                Parcels.site(
                        protocol,
                        port,
                        arguments[2],
                        Optional.of("partner"),
                        Optional.of(new SecretText("secret")),
                        Optional.empty(),
                        trust,
                        timeout);
        };
        Parcel small = Parcels.parcel(Parcels.event(1, 1), site, "large", IfExists.REPLACE, new byte[0]);
        DeliveredBody large = new DeliveredBody(
                () -> new SftpDeliveryTest.Endless(Long.parseLong(arguments[5]), -1, () -> {}),
                OptionalLong.empty(),
                Optional.empty());
        Parcel parcel = new Parcel(
                small.event(),
                small.stepKey(),
                site,
                small.folder(),
                small.name(),
                small.temporaryName(),
                small.ifExists(),
                large);
        try (DefaultCamelContext camel = new DefaultCamelContext();
                LineWatch watch = new LineWatch();
                SiteConnections connections = new SiteConnections(camel, watch, new InMemorySiteLimits())) {
            camel.start();
            if (protocol == Protocol.HTTPS) {
                new HttpsDelivery(new InMemoryDeliveries(), connections, "PUT").deliver(parcel, new StopSwitch());
            } else {
                new FileDelivery(new InMemoryDeliveries(), connections).deliver(parcel, new StopSwitch());
            }
        }
    }
}
