package io.serai.config.settings;

import static io.serai.config.settings.Declarations.ADMIN_ADDRESS;
import static io.serai.config.settings.Declarations.ADMIN_PORT;
import static io.serai.config.settings.Declarations.CACHE_ADDRESS;
import static io.serai.config.settings.Declarations.CACHE_ADVERTISED_ADDRESS;
import static io.serai.config.settings.Declarations.CACHE_ADVERTISED_PORT;
import static io.serai.config.settings.Declarations.CACHE_ENABLED;
import static io.serai.config.settings.Declarations.CACHE_PASSWORD_LIFESPAN;
import static io.serai.config.settings.Declarations.CACHE_PORT;
import static io.serai.config.settings.Declarations.CACHE_ROUTE_ENTRIES;
import static io.serai.config.settings.Declarations.CACHE_ROUTE_LIFESPAN;
import static io.serai.config.settings.Declarations.CONTENT_RETENTION;
import static io.serai.config.settings.Declarations.DATABASE_ACQUISITION_TIMEOUT;
import static io.serai.config.settings.Declarations.DATABASE_BINARIES;
import static io.serai.config.settings.Declarations.DATABASE_CONNECT_TIMEOUT;
import static io.serai.config.settings.Declarations.DATABASE_MAX_CONNECTIONS;
import static io.serai.config.settings.Declarations.DATABASE_PASSWORD;
import static io.serai.config.settings.Declarations.DATABASE_PORT;
import static io.serai.config.settings.Declarations.DATABASE_SOCKET_TIMEOUT;
import static io.serai.config.settings.Declarations.DATABASE_URL;
import static io.serai.config.settings.Declarations.DATABASE_USER;
import static io.serai.config.settings.Declarations.EDGES_DATA_CONNECTIONS;
import static io.serai.config.settings.Declarations.EDGES_RAW_CONNECTIONS;
import static io.serai.config.settings.Declarations.EVENTS_FIRST_RETRY;
import static io.serai.config.settings.Declarations.EVENTS_MAX_ATTEMPTS;
import static io.serai.config.settings.Declarations.EVENTS_MAX_RETRY;
import static io.serai.config.settings.Declarations.EVENTS_POLL_INTERVAL;
import static io.serai.config.settings.Declarations.FTPS_ADDRESS;
import static io.serai.config.settings.Declarations.FTPS_ENABLED;
import static io.serai.config.settings.Declarations.FTPS_IMPLICIT_ENABLED;
import static io.serai.config.settings.Declarations.FTPS_IMPLICIT_PORT;
import static io.serai.config.settings.Declarations.FTPS_PASSIVE_ADDRESS;
import static io.serai.config.settings.Declarations.FTPS_PASSIVE_PORTS;
import static io.serai.config.settings.Declarations.FTPS_PORT;
import static io.serai.config.settings.Declarations.FTPS_PROXY_PROTOCOL_FROM;
import static io.serai.config.settings.Declarations.HOME;
import static io.serai.config.settings.Declarations.HTTPS_ADDRESS;
import static io.serai.config.settings.Declarations.HTTPS_ENABLED;
import static io.serai.config.settings.Declarations.HTTPS_PORT;
import static io.serai.config.settings.Declarations.HTTPS_PROXY_PROTOCOL_FROM;
import static io.serai.config.settings.Declarations.LEDGER_RETENTION;
import static io.serai.config.settings.Declarations.LIBRARY_TRUSTED_KEYS;
import static io.serai.config.settings.Declarations.LOGIN_BAN;
import static io.serai.config.settings.Declarations.LOGIN_BAN_AFTER;
import static io.serai.config.settings.Declarations.LOGIN_LOCKOUT;
import static io.serai.config.settings.Declarations.LOGIN_MAX_TRIES;
import static io.serai.config.settings.Declarations.LOGIN_MAX_WAITING;
import static io.serai.config.settings.Declarations.LOG_FORMAT;
import static io.serai.config.settings.Declarations.LOG_LEVEL;
import static io.serai.config.settings.Declarations.MONITORS_ROOTS;
import static io.serai.config.settings.Declarations.NODE_BUSY_HEAP;
import static io.serai.config.settings.Declarations.NODE_BUSY_LOAD;
import static io.serai.config.settings.Declarations.NODE_CAPACITY;
import static io.serai.config.settings.Declarations.NODE_CAPACITY_PULLS;
import static io.serai.config.settings.Declarations.NODE_DRAIN_LIMIT;
import static io.serai.config.settings.Declarations.NODE_DRAIN_NOTICE;
import static io.serai.config.settings.Declarations.NODE_JOIN_TOKEN;
import static io.serai.config.settings.Declarations.NODE_LABELS;
import static io.serai.config.settings.Declarations.NODE_LEASE;
import static io.serai.config.settings.Declarations.NODE_NAME;
import static io.serai.config.settings.Declarations.PART_RETENTION;
import static io.serai.config.settings.Declarations.SESSIONS_MAX;
import static io.serai.config.settings.Declarations.SFTP_ADDRESS;
import static io.serai.config.settings.Declarations.SFTP_ENABLED;
import static io.serai.config.settings.Declarations.SFTP_HOST_KEYS;
import static io.serai.config.settings.Declarations.SFTP_PORT;
import static io.serai.config.settings.Declarations.SFTP_PROXY_PROTOCOL_FROM;
import static io.serai.config.settings.Declarations.STORAGE_ROOT;
import static io.serai.config.settings.Declarations.TLS_CERTIFICATE;
import static io.serai.config.settings.Declarations.TLS_HOST_NAMES;
import static io.serai.config.settings.Declarations.TLS_KEY;

import io.serai.config.error.SeraiException;
import io.serai.config.name.Network;
import io.serai.config.name.NodeName;
import io.serai.config.secret.LocalSecrets;
import io.serai.config.secret.SecretSource;
import io.serai.config.secret.SecretText;
import io.serai.config.settings.NodeSettings.Listener;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Values to the typed settings, with the checks that need more than one value. */
final class SettingsReader {
    private static final String POSTGRESQL = "jdbc:postgresql:";

    private final SettingValues values;
    private final Map<String, String> environment;
    private final Supplier<NodeName> hostName;

    SettingsReader(SettingValues values, Map<String, String> environment, Supplier<NodeName> hostName) {
        this.values = values;
        this.environment = environment;
        this.hostName = hostName;
    }

    NodeSettings read(Path defaultHome) {
        Path home = values.find(HOME).orElse(defaultHome).toAbsolutePath().normalize();
        NodeSettings settings = new NodeSettings(
                home,
                node(home),
                new NodeSettings.Storage(
                        values.find(STORAGE_ROOT)
                                .map(home::resolve)
                                .orElse(home.resolve("storage"))
                                .normalize(),
                        values.read(CONTENT_RETENTION),
                        values.read(PART_RETENTION),
                        values.find(MONITORS_ROOTS).orElse(List.of())),
                database(home),
                new NodeSettings.Sftp(
                        listener(SFTP_ENABLED, SFTP_ADDRESS, SFTP_PORT, SFTP_PROXY_PROTOCOL_FROM),
                        values.find(SFTP_HOST_KEYS).map(home::resolve)),
                new NodeSettings.Ftps(
                        listener(FTPS_ENABLED, FTPS_ADDRESS, FTPS_PORT, FTPS_PROXY_PROTOCOL_FROM),
                        listener(FTPS_IMPLICIT_ENABLED, FTPS_ADDRESS, FTPS_IMPLICIT_PORT, FTPS_PROXY_PROTOCOL_FROM),
                        values.read(FTPS_PASSIVE_PORTS),
                        values.find(FTPS_PASSIVE_ADDRESS)),
                new NodeSettings.Https(listener(HTTPS_ENABLED, HTTPS_ADDRESS, HTTPS_PORT, HTTPS_PROXY_PROTOCOL_FROM)),
                new NodeSettings.Admin(values.read(ADMIN_ADDRESS), values.read(ADMIN_PORT)),
                new NodeSettings.Tls(certificateFiles(home), values.read(TLS_HOST_NAMES)),
                events(),
                new NodeSettings.Ledger(values.read(LEDGER_RETENTION)),
                new NodeSettings.Sessions(values.read(SESSIONS_MAX)),
                new NodeSettings.Edges(values.read(EDGES_DATA_CONNECTIONS), values.read(EDGES_RAW_CONNECTIONS)),
                new NodeSettings.Login(
                        values.read(LOGIN_MAX_TRIES),
                        values.read(LOGIN_LOCKOUT),
                        values.read(LOGIN_BAN_AFTER),
                        values.read(LOGIN_BAN),
                        values.read(LOGIN_MAX_WAITING)),
                cache(),
                new NodeSettings.Libraries(values.find(LIBRARY_TRUSTED_KEYS).map(home::resolve)),
                new NodeSettings.Log(values.read(LOG_FORMAT), values.read(LOG_LEVEL)));
        checkPortsDiffer(settings);
        return settings;
    }

    private NodeSettings.Node node(Path home) {
        return new NodeSettings.Node(
                values.find(NODE_NAME).orElseGet(hostName),
                values.read(NODE_LEASE),
                values.find(NODE_JOIN_TOKEN).flatMap(source -> resolve(NODE_JOIN_TOKEN, source, home)),
                values.find(NODE_LABELS).orElse(List.of()),
                values.read(NODE_CAPACITY),
                values.read(NODE_CAPACITY_PULLS),
                new NodeSettings.Busy(values.read(NODE_BUSY_LOAD), values.read(NODE_BUSY_HEAP)),
                values.read(NODE_DRAIN_LIMIT),
                values.read(NODE_DRAIN_NOTICE));
    }

    private NodeSettings.Cache cache() {
        if (values.isGiven(CACHE_ADDRESS) && !values.isGiven(DATABASE_URL)) {
            values.reject(CACHE_ADDRESS, "needs database.url; a node with its embedded database has no others");
        }
        return new NodeSettings.Cache(
                values.read(CACHE_ENABLED),
                values.find(CACHE_ADDRESS),
                values.read(CACHE_PORT),
                new NodeSettings.Advertised(values.find(CACHE_ADVERTISED_ADDRESS), values.read(CACHE_ADVERTISED_PORT)),
                values.read(CACHE_PASSWORD_LIFESPAN),
                values.read(CACHE_ROUTE_ENTRIES),
                values.read(CACHE_ROUTE_LIFESPAN));
    }

    private NodeSettings.Database database(Path home) {
        return new NodeSettings.Database(
                externalDatabase(home),
                new NodeSettings.Embedded(
                        values.find(DATABASE_BINARIES).map(home::resolve), values.read(DATABASE_PORT)),
                values.read(DATABASE_MAX_CONNECTIONS),
                values.read(DATABASE_CONNECT_TIMEOUT),
                values.read(DATABASE_SOCKET_TIMEOUT),
                values.read(DATABASE_ACQUISITION_TIMEOUT));
    }

    private Optional<NodeSettings.External> externalDatabase(Path home) {
        Optional<String> url = values.find(DATABASE_URL);
        Optional<String> user = values.find(DATABASE_USER);
        Optional<SecretText> password =
                values.find(DATABASE_PASSWORD).flatMap(source -> resolve(DATABASE_PASSWORD, source, home));
        if (url.isEmpty()) {
            for (Setting<?> lonely : List.of(DATABASE_USER, DATABASE_PASSWORD)) {
                if (values.isGiven(lonely) && !values.isGiven(DATABASE_URL)) {
                    values.reject(lonely, "needs database.url; the embedded database has a password of its own");
                }
            }
            return Optional.empty();
        }
        checkUrl(url.get());
        if (user.isEmpty() && !values.isGiven(DATABASE_USER)) {
            values.reject(DATABASE_URL, "database.user is missing: set it to the user at this database");
        }
        for (Setting<?> embeddedOnly : List.of(DATABASE_BINARIES, DATABASE_PORT)) {
            if (values.isGiven(embeddedOnly)) {
                values.reject(embeddedOnly, "is for the embedded database only; remove it, or remove database.url");
            }
        }
        return Optional.of(new NodeSettings.External(url.get(), user.orElse(""), password));
    }

    private void checkUrl(String url) {
        if (!url.startsWith(POSTGRESQL + "//")) {
            values.reject(
                    DATABASE_URL,
                    "expected jdbc:postgresql://host:port/database; PostgreSQL is the only database that is supported");
        } else if (url.contains("@") || url.contains("password=") || url.contains("user=")) {
            values.reject(DATABASE_URL, "must hold no user and no password; use database.user and database.password");
        }
    }

    private Optional<SecretText> resolve(Setting<SecretSource> setting, SecretSource source, Path home) {
        SecretSource placed = source instanceof SecretSource.Content content
                ? new SecretSource.Content(home.resolve(content.path()))
                : source;
        try {
            return Optional.of(new LocalSecrets(environment).find(placed));
        } catch (SeraiException e) {
            values.reject(setting, e.text());
            return Optional.empty();
        }
    }

    private Optional<NodeSettings.CertificateFiles> certificateFiles(Path home) {
        Optional<Path> certificate = values.find(TLS_CERTIFICATE).map(home::resolve);
        Optional<Path> key = values.find(TLS_KEY).map(home::resolve);
        if (values.isGiven(TLS_CERTIFICATE) && !values.isGiven(TLS_KEY)) {
            values.reject(TLS_CERTIFICATE, "tls.key is missing: name the file with the certificate's private key");
        }
        if (values.isGiven(TLS_KEY) && !values.isGiven(TLS_CERTIFICATE)) {
            values.reject(TLS_KEY, "tls.certificate is missing: name the file with the key's certificate");
        }
        return certificate.flatMap(file -> key.map(keyFile -> new NodeSettings.CertificateFiles(file, keyFile)));
    }

    private NodeSettings.Events events() {
        NodeSettings.Events events = new NodeSettings.Events(
                values.read(EVENTS_POLL_INTERVAL),
                values.read(EVENTS_MAX_ATTEMPTS),
                values.read(EVENTS_FIRST_RETRY),
                values.read(EVENTS_MAX_RETRY));
        if (events.firstRetry().compareTo(events.maxRetry()) > 0) {
            values.reject(
                    values.isGiven(EVENTS_FIRST_RETRY) ? EVENTS_FIRST_RETRY : EVENTS_MAX_RETRY,
                    "events.first-retry must not be longer than events.max-retry");
        }
        return events;
    }

    private Listener listener(
            Setting<Boolean> enabled,
            Setting<String> address,
            Setting<Integer> port,
            Setting<List<Network>> proxyProtocolFrom) {
        return new Listener(
                values.read(enabled),
                values.read(address),
                values.read(port),
                values.find(proxyProtocolFrom).orElse(List.of()));
    }

    private void checkPortsDiffer(NodeSettings settings) {
        Map<Setting<?>, Integer> ports = new LinkedHashMap<>();
        putIfEnabled(ports, SFTP_PORT, settings.sftp().listener());
        putIfEnabled(ports, FTPS_PORT, settings.ftps().explicit());
        putIfEnabled(ports, FTPS_IMPLICIT_PORT, settings.ftps().implicit());
        putIfEnabled(ports, HTTPS_PORT, settings.https().listener());
        ports.put(ADMIN_PORT, settings.admin().port());
        Map<Integer, Setting<?>> taken = new LinkedHashMap<>();
        ports.forEach((setting, port) -> {
            Setting<?> other = port == 0 ? null : taken.putIfAbsent(port, setting);
            if (other != null) {
                values.reject(
                        values.isGiven(setting) ? setting : other,
                        "port " + port + " is taken by both " + other.key() + " and " + setting.key()
                                + "; give one of them another port");
            }
        });
    }

    private static void putIfEnabled(Map<Setting<?>, Integer> ports, Setting<Integer> setting, Listener listener) {
        if (listener.enabled()) {
            ports.put(setting, listener.port());
        }
    }
}
