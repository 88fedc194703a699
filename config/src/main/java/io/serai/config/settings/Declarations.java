package io.serai.config.settings;

import io.serai.config.name.Network;
import io.serai.config.name.NodeName;
import io.serai.config.secret.SecretSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Every setting of a node, in the order of the reference page. Who adds one here runs the test that renews the page. */
final class Declarations {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration DAY = Duration.ofDays(1);

    static final Setting<Path> HOME = Setting.open(
            "home",
            SettingType.path(),
            "what the launcher says",
            "The folder that is this node's own: its keys, the embedded database, its run files. Relative paths in other"
                    + " settings are taken from it.");

    static final Setting<NodeName> NODE_NAME = Setting.open(
            "node.name",
            SettingType.nodeName(),
            "the host's name, else `node-1`",
            "The name of this node, different for every node of a cluster and the same after a restart.");
    static final Setting<Duration> NODE_LEASE = Setting.of(
            "node.lease",
            SettingType.duration(SECOND.multipliedBy(2), MINUTE.multipliedBy(5)),
            "8s",
            "How long the other nodes wait for a sign of life before they take over this node's work. A node that cannot"
                    + " renew its lease in time stops working by itself. The same on every node of a cluster.");
    static final Setting<SecretSource> NODE_JOIN_TOKEN = Setting.secret(
            "node.join-token",
            SettingType.secret(),
            "none",
            "The token that `serai nodes invite` printed on a running node: a server without the cluster's keys fetches"
                    + " them with it at its first start. Without meaning afterwards.");
    static final Setting<List<String>> NODE_LABELS = Setting.open(
            "node.labels",
            SettingType.labels(),
            "none",
            "Words that say what this node is good for, separated by commas; shown to operators and used by placement"
                    + " rules.");
    static final Setting<Integer> NODE_CAPACITY = Setting.of(
            "node.capacity",
            SettingType.number(1, 1000),
            "16",
            "How many events (arrivals, schedules, pulls) this node runs at the same time.");
    static final Setting<Integer> NODE_CAPACITY_PULLS = Setting.of(
            "node.capacity-pulls",
            SettingType.number(1, 1000),
            "6",
            "How many of these may be pulls, so that slow sites leave room for what arrives.");
    static final Setting<Integer> NODE_BUSY_LOAD = Setting.of(
            "node.busy-load",
            SettingType.number(1, 1000),
            "16",
            "From this load average per processor on, the node takes fewer new events, and leaves them to others.");
    static final Setting<Integer> NODE_BUSY_HEAP = Setting.of(
            "node.busy-heap",
            SettingType.number(50, 100),
            "85",
            "From so many percent of its heap in use after a collection on, the node takes fewer new events.");
    static final Setting<Duration> NODE_DRAIN_LIMIT = Setting.of(
            "node.drain-limit",
            SettingType.duration(Duration.ZERO, HOUR),
            "60s",
            "How long a stop or a drain waits for running transfers; what is not done by then goes back to the queue.");
    static final Setting<Duration> NODE_DRAIN_NOTICE = Setting.of(
            "node.drain-notice",
            SettingType.duration(Duration.ZERO, MINUTE.multipliedBy(10)),
            "2s",
            "How long a node that is drained still takes sessions after its health says that it is not ready, so that"
                    + " load balancers can see it.");

    static final Setting<Path> STORAGE_ROOT = Setting.open(
            "storage.root",
            SettingType.path(),
            "`<home>/storage`",
            "The folder of the account homes and of kept content. In a cluster the same shared folder on every node.");
    static final Setting<Duration> CONTENT_RETENTION = Setting.of(
            "storage.content-retention",
            SettingType.duration(Duration.ZERO, DAY.multipliedBy(3650)),
            "7d",
            "How long the original bytes of an arrival are kept, so that it can be resubmitted; longer while an event needs them.");
    static final Setting<Duration> PART_RETENTION = Setting.of(
            "storage.part-retention",
            SettingType.duration(MINUTE, DAY.multipliedBy(3650)),
            "7d",
            "How long a partial upload is kept, so that its account can resume it.");

    static final Setting<List<Path>> MONITORS_ROOTS = Setting.open(
            "monitors.roots",
            SettingType.folders(),
            "none",
            "The folders below which routes may monitor folders (`folder:`), separated by commas: absolute paths on the"
                    + " shared file system, the same on every node. Whoever applies routes can have every file below"
                    + " them read, moved and deleted.");

    static final Setting<String> DATABASE_URL = Setting.open(
            "database.url",
            SettingType.text("JDBC URL"),
            "none: an embedded PostgreSQL is started",
            "A PostgreSQL of your own, as `jdbc:postgresql://host:5432/serai`, without user and password; several hosts"
                    + " are separated by commas.");
    static final Setting<String> DATABASE_USER = Setting.open(
            "database.user", SettingType.text("text"), "none", "The user at the database that database.url names.");
    static final Setting<SecretSource> DATABASE_PASSWORD = Setting.secret(
            "database.password",
            SettingType.secret(),
            "none",
            "The user's password at the database that database.url names.");
    static final Setting<Path> DATABASE_BINARIES = Setting.open(
            "database.bindir",
            SettingType.path(),
            "the PostgreSQL that comes along",
            "A folder with another PostgreSQL's `initdb` and `postgres` for the embedded database, such as"
                    + " `/usr/lib/postgresql/17/bin`.");
    static final Setting<Integer> DATABASE_PORT =
            Setting.of("database.port", SettingType.port(), "0", "The port of the embedded database, on 127.0.0.1.");
    static final Setting<Integer> DATABASE_MAX_CONNECTIONS = Setting.of(
            "database.max-connections",
            SettingType.number(2, 500),
            "24",
            "The most connections that this node holds to the database.");
    static final Setting<Duration> DATABASE_CONNECT_TIMEOUT = Setting.of(
            "database.connect-timeout",
            SettingType.duration(SECOND, MINUTE),
            "2s",
            "How long connecting to one host of the database may take.");
    static final Setting<Duration> DATABASE_SOCKET_TIMEOUT = Setting.of(
            "database.socket-timeout",
            SettingType.duration(SECOND, HOUR),
            "30s",
            "How long the database may stay silent during a call before its connection is given up.");
    static final Setting<Duration> DATABASE_ACQUISITION_TIMEOUT = Setting.of(
            "database.acquisition-timeout",
            SettingType.duration(SECOND, MINUTE.multipliedBy(5)),
            "10s",
            "How long work waits for a free connection before it fails and is tried again.");

    static final Setting<Boolean> SFTP_ENABLED =
            Setting.of("sftp.enabled", SettingType.flag(), "true", "Whether partners may come by SFTP.");
    static final Setting<String> SFTP_ADDRESS =
            Setting.of("sftp.bind-address", SettingType.host(), "0.0.0.0", "The address that the SFTP listener binds.");
    static final Setting<Integer> SFTP_PORT =
            Setting.of("sftp.port", SettingType.port(), "2222", "The port of the SFTP listener.");

    static final Setting<Path> SFTP_HOST_KEYS = Setting.open(
            "sftp.host-keys",
            SettingType.path(),
            "none: those of the cluster, which its first node makes",
            "A folder with host keys of your own (`ssh_host_*_key`, in the formats of OpenSSH or PEM, mode 0600).");

    static final Setting<List<Network>> SFTP_PROXY_PROTOCOL_FROM = Setting.open(
            "sftp.proxy-protocol-from",
            SettingType.networks(),
            "none: connections come straight from partners",
            "The addresses or networks of the load balancers in front of the SFTP listener. Then nobody else may connect, and"
                    + " each connection must begin with a PROXY protocol header (version 2), which tells the partner's"
                    + " address.");

    static final Setting<Boolean> FTPS_ENABLED = Setting.of(
            "ftps.enabled",
            SettingType.flag(),
            "true",
            "Whether partners may come by FTPS with explicit TLS. A login before AUTH TLS is refused.");
    static final Setting<String> FTPS_ADDRESS = Setting.of(
            "ftps.bind-address", SettingType.host(), "0.0.0.0", "The address that both FTPS listeners bind.");
    static final Setting<Integer> FTPS_PORT =
            Setting.of("ftps.port", SettingType.port(), "2121", "The port of the FTPS listener with explicit TLS.");
    static final Setting<Boolean> FTPS_IMPLICIT_ENABLED = Setting.of(
            "ftps.implicit-enabled",
            SettingType.flag(),
            "true",
            "Whether partners may come by FTPS with implicit TLS.");
    static final Setting<Integer> FTPS_IMPLICIT_PORT = Setting.of(
            "ftps.implicit-port", SettingType.port(), "2990", "The port of the FTPS listener with implicit TLS.");
    static final Setting<PortRange> FTPS_PASSIVE_PORTS = Setting.of(
            "ftps.passive-ports",
            SettingType.ports(),
            "50000-50999",
            "The ports for FTPS data connections; the firewall must let them in. At least as many as there are transfers"
                    + " at the same time; `0` for whatever is free.");
    static final Setting<String> FTPS_PASSIVE_ADDRESS = Setting.open(
            "ftps.passive-address",
            SettingType.host(),
            "the address that the client came to",
            "What FTPS clients are told to connect to for data, when the node is behind address translation.");

    static final Setting<List<Network>> FTPS_PROXY_PROTOCOL_FROM = Setting.open(
            "ftps.proxy-protocol-from",
            SettingType.networks(),
            "none: connections come straight from partners",
            "The addresses or networks of the load balancers in front of the FTPS listeners. Then nobody else may connect, and"
                    + " each connection must begin with a PROXY protocol header (version 2), which tells the partner's"
                    + " address. Data connections that come by them must, too.");

    static final Setting<Boolean> HTTPS_ENABLED =
            Setting.of("https.enabled", SettingType.flag(), "true", "Whether partners may come by HTTPS.");
    static final Setting<String> HTTPS_ADDRESS = Setting.of(
            "https.bind-address", SettingType.host(), "0.0.0.0", "The address that the HTTPS listener binds.");
    static final Setting<Integer> HTTPS_PORT =
            Setting.of("https.port", SettingType.port(), "8443", "The port of the HTTPS listener.");

    static final Setting<List<Network>> HTTPS_PROXY_PROTOCOL_FROM = Setting.open(
            "https.proxy-protocol-from",
            SettingType.networks(),
            "none: connections come straight from partners",
            "The addresses or networks of the load balancers in front of the HTTPS listener. Then nobody else may connect, and"
                    + " each connection must begin with a PROXY protocol header (version 2), which tells the partner's"
                    + " address.");

    static final Setting<String> ADMIN_ADDRESS = Setting.of(
            "admin.bind-address",
            SettingType.host(),
            "127.0.0.1",
            "The address that the admin API binds. Keep it away from partners: never on an address that the internet"
                    + " reaches.");
    static final Setting<Integer> ADMIN_PORT =
            Setting.of("admin.port", SettingType.port(), "8180", "The port of the admin API.");

    static final Setting<Path> TLS_CERTIFICATE = Setting.open(
            "tls.certificate",
            SettingType.path(),
            "none: a self-signed one is made on first start",
            "A PEM file with the certificate of the FTPS and HTTPS listeners, followed by its chain.");
    static final Setting<Path> TLS_KEY =
            Setting.open("tls.key", SettingType.path(), "none", "A PEM file with the private key of tls.certificate.");
    static final Setting<List<String>> TLS_HOST_NAMES = Setting.of(
            "tls.host-names",
            SettingType.hosts(),
            "localhost,127.0.0.1",
            "The names and addresses that the self-signed certificate is made for.");

    static final Setting<Duration> EVENTS_POLL_INTERVAL = Setting.of(
            "events.poll-interval",
            SettingType.duration(Duration.ofMillis(100), MINUTE),
            "1s",
            "How often a node looks for due events that nobody woke it for.");
    static final Setting<Integer> EVENTS_MAX_ATTEMPTS = Setting.of(
            "events.max-attempts",
            SettingType.number(1, 1000),
            "10",
            "After so many failed attempts an event is parked and waits for a person.");
    static final Setting<Duration> EVENTS_FIRST_RETRY = Setting.of(
            "events.first-retry",
            SettingType.duration(Duration.ofMillis(100), HOUR),
            "5s",
            "The wait after the first failed attempt; it doubles with each further one, give or take some chance.");
    static final Setting<Duration> EVENTS_MAX_RETRY = Setting.of(
            "events.max-retry",
            SettingType.duration(SECOND, DAY.multipliedBy(7)),
            "1h",
            "The longest wait between two attempts.");

    static final Setting<Duration> LEDGER_RETENTION = Setting.of(
            "ledger.retention",
            SettingType.duration(DAY, DAY.multipliedBy(36_500)),
            "400d",
            "How long ended transfers stay in the ledger.");

    static final Setting<Integer> SESSIONS_MAX = Setting.of(
            "sessions.max",
            SettingType.number(1, 100_000),
            "2000",
            "The most partner sessions on this node at the same time, all listeners together.");

    static final Setting<Integer> EDGES_DATA_CONNECTIONS = Setting.of(
            "edges.data-connections",
            SettingType.number(1, 16),
            "2",
            "The connections for file bytes that the node holds to each edge. More carry more over lines of high delay or"
                    + " with losses; each adds what it queues to the time that everything else waits when the line is full. All"
                    + " together carry 1,024 files and connections at the same time.");

    static final Setting<Boolean> EDGES_RAW_CONNECTIONS = Setting.of(
            "edges.raw-connections",
            SettingType.flag(),
            "true",
            "Whether each connection that an edge passes through (`mode: tcp`) gets a TCP connection of its own between this node and"
                    + " the edge, which the node dials at the link's address and which is not encrypted a second time. With `false`,"
                    + " and where none comes about, its bytes go over the link, which costs more CPU.");

    static final Setting<Integer> LOGIN_MAX_TRIES = Setting.of(
            "login.max-tries",
            SettingType.number(1, 1000),
            "10",
            "After so many failed logins of one name from one address, on whichever node, that name is locked out there.");
    static final Setting<Duration> LOGIN_LOCKOUT = Setting.of(
            "login.lockout",
            SettingType.duration(SECOND, DAY),
            "10m",
            "How long it takes until login.max-tries failed logins are forgotten; they fade one by one.");
    static final Setting<Integer> LOGIN_BAN_AFTER = Setting.of(
            "login.ban-after",
            SettingType.number(1, 100_000),
            "50",
            "After so many failed logins from one address, whatever the names and nodes, the address is banned on all nodes.");
    static final Setting<Duration> LOGIN_BAN = Setting.of(
            "login.ban",
            SettingType.duration(Duration.ZERO, DAY.multipliedBy(365)),
            "1h",
            "How long such a ban lasts; `serai bans` shows and removes it. With `0s` the address is not banned: its logins are"
                    + " refused until enough failures have faded.");
    static final Setting<Integer> LOGIN_MAX_WAITING = Setting.of(
            "login.max-waiting",
            SettingType.number(1, 100_000),
            "100",
            "The most connections of one address (of one /64 network of IPv6) to this node that have not logged in; more are"
                    + " refused.");

    static final Setting<Boolean> CACHE_ENABLED = Setting.of(
            "cache.enabled",
            SettingType.flag(),
            "true",
            "Whether this node has caches. Without them logins are slower and routes have no `infinispan:`.");
    static final Setting<String> CACHE_ADDRESS = Setting.open(
            "cache.address",
            SettingType.host(),
            "the address by which this node reaches the database",
            "The address that this node's caches bind for those of the other nodes. Only with a database.url of your own.");
    static final Setting<Integer> CACHE_PORT = Setting.of(
            "cache.port",
            SettingType.port(),
            "0",
            "The port for the other nodes' caches; when it is taken, one of the next 20. `0` for whatever is free.");
    static final Setting<String> CACHE_ADVERTISED_ADDRESS = Setting.open(
            "cache.advertised-address",
            SettingType.host(),
            "the bound address",
            "The address that the other nodes' caches are told, where something (a container's host) stands before it.");
    static final Setting<Integer> CACHE_ADVERTISED_PORT = Setting.of(
            "cache.advertised-port",
            SettingType.port(),
            "0",
            "The port that the other nodes' caches are told; `0` for the bound one.");
    static final Setting<Duration> CACHE_PASSWORD_LIFESPAN = Setting.of(
            "cache.password-lifespan",
            SettingType.duration(Duration.ZERO, HOUR),
            "2m",
            "How long a password that was found right need not be computed again on any node; `0s` for never. A changed"
                    + " password is never accepted by it.");
    static final Setting<Integer> CACHE_ROUTE_ENTRIES = Setting.of(
            "cache.route-entries",
            SettingType.number(1, 10_000_000),
            "100000",
            "The most entries of each cache that routes use.");
    static final Setting<Duration> CACHE_ROUTE_LIFESPAN = Setting.of(
            "cache.route-lifespan",
            SettingType.duration(SECOND, DAY.multipliedBy(366)),
            "24h",
            "How long an entry of a cache that routes use is kept.");

    static final Setting<Path> LIBRARY_TRUSTED_KEYS = Setting.open(
            "library.trusted-keys",
            SettingType.path(),
            "none: no library is loaded",
            "A PEM file with the Ed25519 public keys of those who may sign libraries of custom steps; writable by nobody but"
                    + " its owner.");

    static final Setting<LogFormat> LOG_FORMAT = Setting.of(
            "log.format",
            SettingType.choice(LogFormat.class),
            "text",
            "The shape of a log line: `text` for people, `json` for machines.");
    static final Setting<LogLevel> LOG_LEVEL = Setting.of(
            "log.level", SettingType.choice(LogLevel.class), "info", "The least important message that is logged.");

    static final List<Setting<?>> ALL = List.of(
            HOME,
            NODE_NAME,
            NODE_LEASE,
            NODE_JOIN_TOKEN,
            NODE_LABELS,
            NODE_CAPACITY,
            NODE_CAPACITY_PULLS,
            NODE_BUSY_LOAD,
            NODE_BUSY_HEAP,
            NODE_DRAIN_LIMIT,
            NODE_DRAIN_NOTICE,
            STORAGE_ROOT,
            CONTENT_RETENTION,
            PART_RETENTION,
            MONITORS_ROOTS,
            DATABASE_URL,
            DATABASE_USER,
            DATABASE_PASSWORD,
            DATABASE_BINARIES,
            DATABASE_PORT,
            DATABASE_MAX_CONNECTIONS,
            DATABASE_CONNECT_TIMEOUT,
            DATABASE_SOCKET_TIMEOUT,
            DATABASE_ACQUISITION_TIMEOUT,
            SFTP_ENABLED,
            SFTP_ADDRESS,
            SFTP_PORT,
            SFTP_HOST_KEYS,
            SFTP_PROXY_PROTOCOL_FROM,
            FTPS_ENABLED,
            FTPS_ADDRESS,
            FTPS_PORT,
            FTPS_IMPLICIT_ENABLED,
            FTPS_IMPLICIT_PORT,
            FTPS_PASSIVE_PORTS,
            FTPS_PASSIVE_ADDRESS,
            FTPS_PROXY_PROTOCOL_FROM,
            HTTPS_ENABLED,
            HTTPS_ADDRESS,
            HTTPS_PORT,
            HTTPS_PROXY_PROTOCOL_FROM,
            ADMIN_ADDRESS,
            ADMIN_PORT,
            TLS_CERTIFICATE,
            TLS_KEY,
            TLS_HOST_NAMES,
            EVENTS_POLL_INTERVAL,
            EVENTS_MAX_ATTEMPTS,
            EVENTS_FIRST_RETRY,
            EVENTS_MAX_RETRY,
            LEDGER_RETENTION,
            SESSIONS_MAX,
            EDGES_DATA_CONNECTIONS,
            EDGES_RAW_CONNECTIONS,
            LOGIN_MAX_TRIES,
            LOGIN_LOCKOUT,
            LOGIN_BAN_AFTER,
            LOGIN_BAN,
            LOGIN_MAX_WAITING,
            CACHE_ENABLED,
            CACHE_ADDRESS,
            CACHE_PORT,
            CACHE_ADVERTISED_ADDRESS,
            CACHE_ADVERTISED_PORT,
            CACHE_PASSWORD_LIFESPAN,
            CACHE_ROUTE_ENTRIES,
            CACHE_ROUTE_LIFESPAN,
            LIBRARY_TRUSTED_KEYS,
            LOG_FORMAT,
            LOG_LEVEL);

    private Declarations() {}
}
