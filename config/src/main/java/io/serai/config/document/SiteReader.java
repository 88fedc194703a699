package io.serai.config.document;

import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.config.name.SiteName;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.ZoneChoice;
import io.serai.config.secret.SecretText;
import io.serai.config.yaml.YamlFields;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** {@code kind: Site}. */
final class SiteReader {
    private static final Map<String, String> OTHER_NAMES = Map.ofEntries(
            Map.entry("hostKeys", "trust"),
            Map.entry("hostKey", "trust"),
            Map.entry("knownHosts", "trust"),
            Map.entry("fingerprint", "trust"),
            Map.entry("fingerprints", "trust"),
            Map.entry("certificates", "trust"),
            Map.entry("username", "user"),
            Map.entry("login", "user"),
            Map.entry("path", "folder"),
            Map.entry("directory", "folder"),
            Map.entry("tlsMode", "tls"),
            Map.entry("token", "bearerToken"),
            Map.entry("passphrase", "privateKeyPassphrase"),
            Map.entry("maxConnections", "maxParallel"),
            Map.entry("addresses", "recovery"),
            Map.entry("hosts", "recovery"),
            Map.entry("proxy", "zone"),
            Map.entry("url", "host"));
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final YamlFields document;
    private final YamlFields spec;
    private final SecretFields secrets;

    SiteReader(YamlFields document, YamlFields spec, SecretFields secrets) {
        this.document = document;
        this.spec = spec;
        this.secrets = secrets;
    }

    Optional<ObjectDraft> read(String name) {
        Optional<SiteName> siteName = Names.read(document, name, SiteName::new);
        Optional<Protocol> protocol = spec.read("protocol", Words.choice(Protocol.class));
        if (!spec.has("protocol")) {
            spec.missing("protocol", "write protocol: sftp, ftps or https");
        }
        Optional<String> host = spec.read("host", Networks::host);
        if (!spec.has("host")) {
            spec.missing("host", "give the name or address of the partner's server");
        }
        Site site = site(
                siteName.orElse(new SiteName("unreadable")), protocol.orElse(Protocol.SFTP), host.orElse("unreadable"));
        protocol.ifPresent(this::checkFieldsFit);
        checkTimeIsLeft(site);
        spec.finish(OTHER_NAMES);
        Set<String> kept = new HashSet<>(secrets.kept());
        if (!spec.has(ObjectDraft.TRUST)) {
            kept.add(ObjectDraft.TRUST);
        }
        return siteName.map(valid -> new ObjectDraft(site, document.mark(), Optional.empty(), kept));
    }

    private Site site(SiteName name, Protocol protocol, String host) {
        Site.TlsMode tls = spec.read("tls", Words.choice(Site.TlsMode.class)).orElse(ObjectDefaults.TLS_MODE);
        return new Site(
                name,
                spec.read("description", Words::description).orElse(""),
                protocol,
                host,
                spec.read("port", Words.number(1, 65_535)).orElse(ObjectDefaults.port(protocol, tls)),
                spec.read("folder", SiteReader::folder).orElse(ObjectDefaults.FOLDER),
                spec.read("user", SiteReader::user),
                secrets.read(ObjectDraft.PASSWORD),
                privateKey(),
                secrets.read(ObjectDraft.PASSPHRASE),
                secrets.read(ObjectDraft.BEARER_TOKEN),
                spec.readList(ObjectDraft.TRUST, protocol == Protocol.SFTP ? Keys::hostKey : Keys::certificate)
                        .orElse(List.of()),
                tls,
                spec.read("connectTimeout", Words.duration(SECOND, Duration.ofMinutes(5)))
                        .orElse(ObjectDefaults.CONNECT_TIMEOUT),
                spec.read("timeout", Words.duration(SECOND, Duration.ofHours(1)))
                        .orElse(ObjectDefaults.TIMEOUT),
                spec.read("maxParallel", Words.number(1, 1000)).orElse(ObjectDefaults.MAX_PARALLEL),
                spec.read("bandwidth", Bandwidth::parse).map(OptionalLong::of).orElse(OptionalLong.empty()),
                spec.read("zone", SiteReader::zone).orElse(ObjectDefaults.SITE_ZONE),
                spec.readList("recovery", text -> HostPort.parse(text, ObjectDefaults.port(protocol, tls)))
                        .orElse(List.of()));
    }

    private Optional<SecretText> privateKey() {
        Optional<SecretText> key = secrets.read(ObjectDraft.PRIVATE_KEY);
        if (key.isPresent() && !Keys.isPrivateKey(key.get().reveal())) {
            spec.reject(
                    ObjectDraft.PRIVATE_KEY,
                    "expected a private key in OpenSSH's or PEM form, from \"-----BEGIN … PRIVATE KEY-----\" to its END"
                            + " line; file:PATH reads it from a file");
        }
        return key;
    }

    private void checkFieldsFit(Protocol protocol) {
        switch (protocol) {
            case SFTP -> {
                require("user", "SFTP needs the login name at the site");
                if (!secrets.isGiven(ObjectDraft.PASSWORD) && !secrets.isGiven(ObjectDraft.PRIVATE_KEY)) {
                    spec.missing(ObjectDraft.PASSWORD, "SFTP needs password or privateKey to log in");
                }
                refuse(ObjectDraft.BEARER_TOKEN, "is for https only");
                refuse("tls", "is for ftps only");
            }
            case FTPS -> {
                require("user", "FTPS needs the login name at the site");
                require(ObjectDraft.PASSWORD, "FTPS needs the password of the login");
                refuse(ObjectDraft.PRIVATE_KEY, "is for sftp only");
                refuse(ObjectDraft.BEARER_TOKEN, "is for https only");
            }
            case HTTPS -> {
                if (spec.has("user")) {
                    require(ObjectDraft.PASSWORD, "a login needs user and password");
                } else {
                    refuse(ObjectDraft.PASSWORD, "needs user");
                }
                if (spec.has("user")) {
                    refuse(ObjectDraft.BEARER_TOKEN, "give either user and password or bearerToken");
                }
                refuse(ObjectDraft.PRIVATE_KEY, "is for sftp only");
                refuse("tls", "is for ftps only");
            }
        }
        if (!secrets.isGiven(ObjectDraft.PRIVATE_KEY)) {
            refuse(ObjectDraft.PASSPHRASE, "needs privateKey");
        }
    }

    /** Within its timeout a site must be found not to be at one address and be reached at the next. */
    private void checkTimeIsLeft(Site site) {
        if (!site.recovery().isEmpty() && site.timeout().compareTo(site.connectTimeout()) <= 0) {
            spec.reject(
                    spec.has("timeout") ? "timeout" : "connectTimeout",
                    "timeout must be longer than connectTimeout where the site has addresses for recovery: they are "
                            + site.timeout().toSeconds() + "s and "
                            + site.connectTimeout().toSeconds() + "s");
        }
    }

    private void require(String field, String why) {
        if (!spec.has(field)) {
            spec.missing(field, why);
        }
    }

    private void refuse(String field, String why) {
        if (spec.has(field)) {
            spec.reject(field, why);
        }
    }

    private static ZoneChoice zone(String text) {
        try {
            return ZoneChoice.of(text);
        } catch (SeraiException e) {
            throw new IllegalArgumentException("expected none, default or the name of a zone", e);
        }
    }

    private static String folder(String text) {
        boolean climbs = List.of(text.split("/")).contains("..");
        if (climbs || text.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
            throw new IllegalArgumentException("expected a folder on the site, without \"..\" and control characters");
        }
        return text;
    }

    private static String user(String text) {
        if (text.isBlank() || text.length() > 256 || text.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
            throw new IllegalArgumentException("expected a login name of 1 to 256 characters");
        }
        return text;
    }
}
