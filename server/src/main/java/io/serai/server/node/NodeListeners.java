package io.serai.server.node;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.Network;
import io.serai.config.object.Zone;
import io.serai.config.settings.NodeSettings;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.endpoint.ActiveListeners;
import io.serai.endpoint.BoundListener;
import io.serai.endpoint.sftp.HostKeys;
import io.serai.endpoint.tls.TlsIdentity;
import io.serai.route.deploy.ListenerRoutes;
import io.serai.server.edge.PassedListeners;
import io.serai.server.identity.SharedIdentities;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;

/** The listeners of a node: their routes, from the settings, and what they present to partners. */
final class NodeListeners {
    private final NodeSettings settings;
    private final HostKeys hostKeys;
    private final Path certificate;
    private final Path key;
    private final TlsIdentity identity;

    /** The operator's own files where the settings name some, else what the nodes of the cluster share. */
    NodeListeners(NodeSettings settings, SharedIdentities shared) {
        this.settings = settings;
        this.hostKeys =
                settings.sftp().hostKeys().map(HostKeys::inOperatorsFolder).orElseGet(shared::hostKeys);
        Optional<NodeSettings.CertificateFiles> own = settings.tls().files();
        this.certificate = own.map(NodeSettings.CertificateFiles::certificate).orElseGet(shared::certificateFile);
        this.key = own.map(NodeSettings.CertificateFiles::key).orElseGet(shared::keyFile);
        this.identity = own.isPresent()
                ? TlsIdentity.load(certificate, key)
                : shared.certificate(settings.tls().hostNames());
    }

    TlsIdentity identity() {
        return identity;
    }

    HostKeys hostKeys() {
        return hostKeys;
    }

    /** What partners see at edges: the same host keys and certificate as here. */
    List<IdentityFile> shownAtEdges() {
        List<IdentityFile> files = new ArrayList<>();
        files.add(new IdentityFile("tls-certificate.pem", identity.chainPem()));
        files.add(new IdentityFile("tls-key.pem", identity.keyPem()));
        Path folder = settings.sftp().hostKeys().orElseGet(() -> settings.home().resolve("keys"));
        try (Stream<Path> all = Files.list(folder)) {
            for (Path file : all.sorted().toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.matches("ssh_host_[a-z0-9]+_key")) {
                    files.add(new IdentityFile(name, Files.readString(file, StandardCharsets.ISO_8859_1)));
                }
            }
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The SSH host keys in " + folder + " cannot be read: " + e, e);
        }
        return files;
    }

    /** The routes of the listeners that are switched on. */
    ListenerRoutes routes() {
        List<ListenerRoutes.Listener> listeners = new ArrayList<>();
        Duration drain = settings.node().drainLimit();
        NodeSettings.Listener sftp = settings.sftp().listener();
        if (sftp.enabled()) {
            listeners.add(new ListenerRoutes.Listener(
                    "sftp", "sftp-server:sftp?" + bind(sftp) + "&hostKeySet=#bean:seraiHostKeys"));
        }
        NodeSettings.Ftps ftps = settings.ftps();
        if (ftps.explicit().enabled()) {
            listeners.add(new ListenerRoutes.Listener(
                    "ftps", "ftp-server:ftps?tls=EXPLICIT&" + bind(ftps.explicit()) + ftpOptions(ftps, drain)));
        }
        if (ftps.implicit().enabled()) {
            listeners.add(new ListenerRoutes.Listener(
                    "ftps-implicit",
                    "ftp-server:ftps-implicit?tls=IMPLICIT&" + bind(ftps.implicit()) + ftpOptions(ftps, drain)));
        }
        NodeSettings.Listener https = settings.https().listener();
        if (https.enabled()) {
            listeners.add(new ListenerRoutes.Listener(
                    "https", "http-server:https?" + bind(https) + tlsOptions() + drainOption(drain)));
        }
        return new ListenerRoutes(listeners);
    }

    /** The listeners that are bound now for everybody. */
    List<NodeFile.Listener> bound(CamelContext camel) {
        List<BoundListener> inner = PassedListeners.of(camel);
        return new ActiveListeners(camel)
                .bound().stream()
                        .filter(listener -> !inner.contains(listener))
                        .map(this::describe)
                        .toList();
    }

    /**
     * The endpoint that answers connections that edges pass through; nobody else can reach it.
     *
     * @param place which connections of this process lead to it
     */
    String passedThrough(Zone.Listener listener, String place) {
        return switch (listener.protocol()) {
            case SFTP ->
                "sftp-server:" + listener.name() + "?handedOver=RAW(" + place + ")&hostKeySet=#bean:seraiHostKeys";
            case HTTPS ->
                "http-server:" + listener.name() + "?handedOver=RAW(" + place + ")" + tlsOptions()
                        + drainOption(settings.node().drainLimit());
            case FTPS -> throw new IllegalArgumentException("FTPS cannot be passed through");
        };
    }

    private NodeFile.Listener describe(BoundListener listener) {
        List<String> fingerprints = switch (listener.protocol()) {
            case SFTP ->
                hostKeys.fingerprints().stream()
                        .map(text -> text.substring(text.lastIndexOf(' ') + 1))
                        .toList();
            case FTPS, HTTPS -> List.of(identity.fingerprint());
        };
        return new NodeFile.Listener(
                listener.listener(),
                listener.protocol().name().toLowerCase(Locale.ROOT),
                listener.address().getAddress().getHostAddress(),
                listener.address().getPort(),
                fingerprints);
    }

    private static String bind(NodeSettings.Listener listener) {
        String balancers =
                listener.proxyProtocolFrom().stream().map(Network::toString).collect(Collectors.joining(","));
        return "bindAddress=" + listener.address() + "&port=" + listener.port()
                + (balancers.isEmpty() ? "" : "&proxyProtocolFrom=RAW(" + balancers + ")");
    }

    private String ftpOptions(NodeSettings.Ftps ftps, Duration drain) {
        return tlsOptions()
                + "&passivePorts=" + ftps.passivePorts()
                + ftps.passiveAddress()
                        .map(address -> "&passiveAddress=" + address)
                        .orElse("")
                + drainOption(drain);
    }

    private String tlsOptions() {
        return "&certificate=RAW(" + certificate + ")&privateKey=RAW(" + key + ")";
    }

    private static String drainOption(Duration drain) {
        return "&drainTimeout=" + drain.toMillis();
    }
}
