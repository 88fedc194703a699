package io.serai.config.settings;

import io.serai.config.name.Network;
import io.serai.config.name.NodeName;
import io.serai.config.secret.SecretText;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The settings of one node, complete and checked. {@link SettingsLoader} makes them; what each means and its default is
 * in docs/settings.md, which is generated from the declarations.
 *
 * @param home the absolute path of the folder that is this node's own: keys, embedded database, run files
 */
public record NodeSettings(
        Path home,
        Node node,
        Storage storage,
        Database database,
        Sftp sftp,
        Ftps ftps,
        Https https,
        Admin admin,
        Tls tls,
        Events events,
        Ledger ledger,
        Sessions sessions,
        Edges edges,
        Login login,
        Cache cache,
        Libraries libraries,
        Log log) {

    /**
     * The node as a member of its cluster.
     *
     * @param lease how long the others wait for a sign of life before they take over
     * @param joinToken lets a server without the cluster's keys fetch them at its first start
     * @param labels words for operators and placement rules
     * @param capacity events that run at the same time
     * @param pullCapacity how many of these may be pulls
     * @param busy from when on the node takes fewer new events
     * @param drainLimit how long a stop or a drain waits for what is running
     * @param drainNotice how long a drained node still takes sessions after its health says that it is not ready
     */
    public record Node(
            NodeName name,
            Duration lease,
            Optional<SecretText> joinToken,
            List<String> labels,
            int capacity,
            int pullCapacity,
            Busy busy,
            Duration drainLimit,
            Duration drainNotice) {
        public Node {
            labels = List.copyOf(labels);
        }
    }

    /**
     * When a node is under load.
     *
     * @param load the load average per processor
     * @param heapPercent what is in use of the heap after a collection
     */
    public record Busy(int load, int heapPercent) {}

    /**
     * The shared file system.
     *
     * @param root absolute; the same folder on every node
     * @param contentRetention how long arrived bytes are kept, at least until their event has ended
     * @param partRetention how long a partial upload can be resumed
     * @param monitorRoots absolute; the folders below which routes may monitor folders
     */
    public record Storage(Path root, Duration contentRetention, Duration partRetention, List<Path> monitorRoots) {
        public Storage {
            monitorRoots = List.copyOf(monitorRoots);
        }
    }

    /**
     * The shared database.
     *
     * @param external empty for the embedded PostgreSQL
     */
    public record Database(
            Optional<External> external,
            Embedded embedded,
            int maxConnections,
            Duration connectTimeout,
            Duration socketTimeout,
            Duration acquisitionTimeout) {}

    /** A PostgreSQL that somebody else runs; the URL holds neither user nor password. */
    public record External(String url, String user, Optional<SecretText> password) {}

    /**
     * The PostgreSQL that this node runs.
     *
     * @param binaries the folder with a system's initdb and postgres; empty for those that come along
     * @param port 0 for a free one
     */
    public record Embedded(Optional<Path> binaries, int port) {}

    /**
     * Where a listener binds; port 0 takes a free one.
     *
     * @param proxyProtocolFrom the load balancers that alone may connect, with a PROXY protocol header; empty for none
     */
    public record Listener(boolean enabled, String address, int port, List<Network> proxyProtocolFrom) {
        public Listener {
            proxyProtocolFrom = List.copyOf(proxyProtocolFrom);
        }

        /** One that partners reach without a balancer. */
        public Listener(boolean enabled, String address, int port) {
            this(enabled, address, port, List.of());
        }
    }

    /**
     * SFTP for partners.
     *
     * @param hostKeys a folder with the operator's own; empty for those of the cluster
     */
    public record Sftp(Listener listener, Optional<Path> hostKeys) {}

    /**
     * FTPS for partners.
     *
     * @param explicit the listener that begins in clear and refuses logins before AUTH TLS
     * @param implicit the listener that begins with TLS
     * @param passiveAddress what clients are told to connect to for data; empty for the address that they came to
     */
    public record Ftps(Listener explicit, Listener implicit, PortRange passivePorts, Optional<String> passiveAddress) {}

    /** HTTPS for partners. */
    public record Https(Listener listener) {}

    /** The listener of the admin API and the console. */
    public record Admin(String address, int port) {}

    /**
     * The certificate of the listeners.
     *
     * @param files the operator's own certificate chain and key; empty for a self-signed one that is made on first start
     * @param hostNames the names that the self-signed certificate is made for
     */
    public record Tls(Optional<CertificateFiles> files, List<String> hostNames) {}

    /** Two PEM files, with absolute paths. */
    public record CertificateFiles(Path certificate, Path key) {}

    /**
     * The event queue.
     *
     * @param pollInterval how often a node looks for due events that nobody woke it for
     * @param maxAttempts after so many failed attempts an event is parked
     * @param firstRetry the wait after the first failed attempt; it doubles with each
     * @param maxRetry the longest wait between attempts
     */
    public record Events(Duration pollInterval, int maxAttempts, Duration firstRetry, Duration maxRetry) {}

    /** How long ended transfers stay in the ledger. */
    public record Ledger(Duration retention) {}

    /** Sessions at the same time on this node, all listeners together. */
    public record Sessions(int max) {}

    /**
     * The links to edges.
     *
     * @param dataConnections for file bytes, to each edge
     * @param rawConnections whether connections that an edge passes through get one of their own to it
     */
    public record Edges(int dataConnections, boolean rawConnections) {}

    /**
     * Failed logins, counted by the whole cluster.
     *
     * @param maxTries after so many a name is locked out at an address
     * @param lockout how long those take to be forgotten
     * @param banAfter after so many, whatever the names, the address is banned
     * @param ban how long such a ban lasts; zero for a lockout without a ban
     * @param maxWaiting connections of one address that have not logged in
     */
    public record Login(int maxTries, Duration lockout, int banAfter, Duration ban, int maxWaiting) {}

    /**
     * The caches of the node.
     *
     * @param address empty for the one by which the node reaches the database
     * @param port 0 for a free one
     * @param advertised what the other nodes are told instead of these two
     * @param passwordLifespan how long a verified password is remembered; zero for not at all
     */
    public record Cache(
            boolean enabled,
            Optional<String> address,
            int port,
            Advertised advertised,
            Duration passwordLifespan,
            int routeEntries,
            Duration routeLifespan) {}

    /**
     * What others are told to connect to, where something stands before the node.
     *
     * @param address empty for the bound one
     * @param port 0 for the bound one
     */
    public record Advertised(Optional<String> address, int port) {}

    /** Libraries of custom steps; without trusted keys none is loaded. */
    public record Libraries(Optional<Path> trustedKeys) {}

    /** What the log looks like and holds. */
    public record Log(LogFormat format, LogLevel level) {}
}
