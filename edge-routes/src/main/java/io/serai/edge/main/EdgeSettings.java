package io.serai.edge.main;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AddressLiteral;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.secret.LocalSecrets;
import io.serai.config.secret.SecretSource;
import io.serai.config.secret.SecretText;
import io.serai.config.yaml.Problems;
import io.serai.config.yaml.YamlFields;
import io.serai.edge.message.FileMessages.FilesState.Takes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The file of an edge's settings, {@code edge.yaml}: where its home is and where its link listens. Everything else comes from
 * the servers.
 *
 * @param home holds the link's key and the servers' pins
 * @param link an address of the interface that servers reach, and no other
 * @param routes the edge's own route files; empty when servers say what it offers
 * @param keyPassphrase encrypts the link's key on the disk; empty when it is there in clear
 */
public record EdgeSettings(
        Path home, InetSocketAddress link, Optional<OwnRoutes> routes, Optional<SecretText> keyPassphrase) {

    /**
     * Route files of an edge's own.
     *
     * @param takes when changes of other edges are taken, and its own given to them
     */
    public record OwnRoutes(Path folder, Takes takes) {}

    /** An edge that is all its servers', with its key in clear. */
    public EdgeSettings(Path home, InetSocketAddress link) {
        this(home, link, Optional.empty(), Optional.empty());
    }

    private static final String CREDENTIAL = "credential:";
    private static final int SHORTEST_PASSPHRASE = 12;
    private static final Map<String, String> OTHER_NAMES = Map.of("bind", "address", "bindAddress", "address");

    /** @throws SeraiException {@code INVALID} with all problems */
    public static EdgeSettings read(Path file) {
        try {
            return parse(file, Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The settings file " + file + " cannot be read: " + e, e);
        }
    }

    static EdgeSettings parse(Path file, String text) {
        Problems problems = new Problems();
        Optional<YamlFields> fields = YamlFields.ofText(file.toString(), text, problems);
        Optional<EdgeSettings> settings = fields.flatMap(found -> read(file, found));
        problems.throwIfAny("The edge does not start");
        return settings.orElseThrow(() -> new IllegalStateException("neither settings nor problems"));
    }

    private static Optional<EdgeSettings> read(Path file, YamlFields fields) {
        Path folder = file.toAbsolutePath().resolveSibling("");
        Path home = fields.read("home", Path::of).map(folder::resolve).orElse(folder);
        Optional<YamlFields> link = fields.mapping("link");
        if (!fields.has("link")) {
            fields.missing("link", "say where servers reach this edge: link: with address: below it");
        }
        Optional<InetAddress> address = link.flatMap(at -> at.read("address", EdgeSettings::address));
        int port = link.flatMap(at -> at.read("port", EdgeSettings::port)).orElse(ObjectDefaults.LINK_PORT);
        link.ifPresent(at -> {
            if (!at.has("address")) {
                at.missing(
                        "address", "give the address of the inner interface, which servers reach and partners do not");
            }
            at.finish(OTHER_NAMES);
        });
        Optional<Path> routes = fields.read("routes", Path::of).map(folder::resolve);
        Optional<Takes> takes = fields.read("sync", EdgeSettings::takes);
        if (fields.has("sync") && !fields.has("routes")) {
            fields.reject("sync", "says how the edge's own route files are synchronised, so it needs routes: FOLDER");
        }
        Optional<SecretText> passphrase = fields.readSecret("keyPassphrase", text -> passphrase(text, folder));
        fields.finish(Map.of("listen", "link", "passphrase", "keyPassphrase", "synchronise", "sync"));
        Optional<OwnRoutes> own = routes.map(at -> new OwnRoutes(at, takes.orElse(Takes.AT_ONCE)));
        return address.map(inner -> new EdgeSettings(home, new InetSocketAddress(inner, port), own, passphrase));
    }

    private static Takes takes(String text) {
        return switch (text) {
            case "automatic" -> Takes.AT_ONCE;
            case "by-hand" -> Takes.WHEN_TOLD;
            default -> throw new IllegalArgumentException("expected automatic or by-hand");
        };
    }

    /** In the settings themselves it would lie beside what it protects. */
    private static SecretText passphrase(String text, Path folder) {
        SecretText secret;
        try {
            SecretSource source = SecretSource.parse(credential(text), folder);
            if (source instanceof SecretSource.Literal) {
                throw new IllegalArgumentException(
                        "expected env:NAME, file:PATH or credential:NAME (of systemd), not the passphrase itself");
            }
            secret = new LocalSecrets(System.getenv()).find(source);
        } catch (SeraiException e) {
            throw new IllegalArgumentException(e.text(), e);
        }
        if (secret.reveal().length() < SHORTEST_PASSPHRASE) {
            throw new IllegalArgumentException("expected at least " + SHORTEST_PASSPHRASE + " characters");
        }
        return secret;
    }

    private static String credential(String text) {
        if (!text.startsWith(CREDENTIAL)) {
            return text;
        }
        String name = text.substring(CREDENTIAL.length());
        String folder = System.getenv("CREDENTIALS_DIRECTORY");
        if (folder == null || !name.matches("[A-Za-z0-9._-]{1,64}") || name.startsWith(".")) {
            throw new IllegalArgumentException(
                    "there is no such credential: systemd gives it by LoadCredential=NAME:PATH"
                            + " or LoadCredentialEncrypted=NAME:PATH");
        }
        return SecretSource.FILE + Path.of(folder, name);
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByAddress(AddressLiteral.parse(text));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("expected an IP address", e);
        }
    }

    private static int port(String text) {
        if (!text.matches("\\d{1,5}") || Integer.parseInt(text) > 65_535) {
            throw new IllegalArgumentException("expected a port from 0 to 65535; 0 takes a free one");
        }
        return Integer.parseInt(text);
    }
}
