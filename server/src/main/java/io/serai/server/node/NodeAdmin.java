package io.serai.server.node;

import io.serai.cluster.cache.CacheWatch;
import io.serai.cluster.database.Database;
import io.serai.cluster.event.PlacementRules;
import io.serai.cluster.join.ClusterKeys;
import io.serai.cluster.lease.JdbcLeases;
import io.serai.cluster.library.LibraryContents;
import io.serai.cluster.node.NodeLease;
import io.serai.cluster.node.Nodes;
import io.serai.cluster.node.Takeovers;
import io.serai.cluster.secret.SharedSecrets;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.object.NodeOverlay;
import io.serai.config.secret.SecretBox;
import io.serai.config.settings.NodeSettings;
import io.serai.route.site.connection.SiteInspection;
import io.serai.server.admin.AdminServer;
import io.serai.server.admin.ApiOperation;
import io.serai.server.admin.BansApi;
import io.serai.server.admin.EdgeWorkApi;
import io.serai.server.admin.EdgesApi;
import io.serai.server.admin.EventsApi;
import io.serai.server.admin.IdentitiesApi;
import io.serai.server.admin.InvitationsApi;
import io.serai.server.admin.LibrariesApi;
import io.serai.server.admin.NodeApi;
import io.serai.server.admin.NodesApi;
import io.serai.server.admin.ObjectsApi;
import io.serai.server.admin.PlacementApi;
import io.serai.server.admin.RoutesApi;
import io.serai.server.admin.SchedulesApi;
import io.serai.server.admin.SessionsApi;
import io.serai.server.admin.SitesApi;
import io.serai.server.admin.TokensApi;
import io.serai.server.admin.TransfersApi;
import io.serai.server.edge.EdgeWarnings;
import io.serai.server.identity.SharedIdentities;
import io.vertx.core.Vertx;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The admin API of a node, and what operators ask of the node itself. */
final class NodeAdmin implements NodeApi.Control {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAdmin.class);

    private final Ground ground;
    private final String version;
    private final Instant started = Instant.now();
    private final NodeHealth health;
    private final Nodes nodes;
    private final AdminServer server;

    /** What the API is about. */
    record Ground(
            NodeSettings settings,
            NodeDatabase database,
            NodeLease lease,
            NodeStores stores,
            NodeWork work,
            LocalToken localToken,
            ClusterKeys keys,
            SecretBox secrets,
            NodeListeners listeners,
            SharedSecrets sharedSecrets,
            SharedIdentities identities,
            CacheWatch caches,
            NodeTransactions transactions,
            List<String> overlay) {}

    /**
     * A node works without its caches, only slower; transactions left prepared are for people, not for balancers; and without
     * a way out to sites it still takes partners.
     */
    private static Map<String, Object> remarks(Ground ground) {
        Map<String, String> outbound = ground.work().edges().outboundTroubles();
        return Map.of(
                "outbound",
                outbound.isEmpty() ? "UP" : "WARNING: " + String.join("; ", outbound.values()),
                "cache",
                ground.caches().state(),
                "transactions",
                ground.transactions().standing(),
                "edges",
                EdgeWarnings.of(
                        ground.work().edges().links(),
                        ground.work().edges().passedTroubles().values()));
    }

    private NodeAdmin(Ground ground, String version, Vertx vertx, SiteInspection inspection) {
        this.ground = ground;
        this.version = version;
        this.nodes = new Nodes(ground.database().database());
        NodeWork work = ground.work();
        this.health = new NodeHealth(
                work.camel().context(),
                ground.database().database(),
                ground.lease(),
                ground.stores().storageWatch(),
                work.standing()::isDraining,
                () -> remarks(ground));
        AdminTokensOfNode tokens =
                new AdminTokensOfNode(ground.localToken(), ground.database().database());
        NodeSettings.Admin admin = ground.settings().admin();
        this.server = new AdminServer(
                vertx,
                new AdminServer.Listen(
                        admin.address(),
                        admin.port(),
                        Optional.of(ground.listeners().identity())),
                tokens,
                operations(tokens, inspection),
                new AdminServer.Observation(health::live, health::ready, work.metrics()::scrape),
                version);
    }

    static NodeAdmin start(Ground ground, String version, StopList stops) {
        Vertx vertx = Vertx.vertx();
        stops.add(
                "admin threads",
                () -> vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS));
        SiteInspection inspection = new SiteInspection(ground.work().camel().context());
        stops.add("site inspection", inspection::close);
        NodeAdmin admin = new NodeAdmin(ground, version, vertx, inspection);
        admin.server.start();
        stops.add("admin API", admin.server::stop);
        return admin;
    }

    private List<ApiOperation> operations(AdminTokensOfNode tokens, SiteInspection inspection) {
        NodeStores stores = ground.stores();
        NodeWork work = ground.work();
        Resubmission resubmission = new Resubmission(
                stores.storage(),
                stores.subscriptions(),
                stores.queue(),
                ground.database().database(),
                work.objects());
        ConfigurationChanges changes =
                new ConfigurationChanges(work.objects(), work.hasher(), work.checker(), work.shared(), this::rotate);
        List<ApiOperation> all = new ArrayList<>();
        all.addAll(new NodeApi(this).operations());
        all.addAll(nodesApi().operations());
        all.addAll(new InvitationsApi(new NodeInvitations(ground.settings(), ground.database(), ground.secrets()))
                .operations());
        all.addAll(new TransfersApi(stores.ledger(), resubmission).operations());
        all.addAll(new EventsApi(stores.queue()).operations());
        all.addAll(new SessionsApi(
                        ground.settings().node().name(),
                        work.sessions(),
                        stores.limits().sessions())
                .operations());
        all.addAll(new BansApi(stores.limits().bans()).operations());
        all.addAll(new PlacementApi(new PlacementRules(ground.database().database())).operations());
        all.addAll(new ObjectsApi(work.objects(), changes).operations());
        all.addAll(new RoutesApi(work.deployer(), work.checker()).operations());
        all.addAll(new SitesApi(work.objects(), new SiteLooks(inspection)).operations());
        all.addAll(new EdgesApi(work.edges().links(), work.edges().enrolments()).operations());
        all.addAll(new EdgeWorkApi(work.edges().links()).operations());
        all.addAll(new LibrariesApi(new LibraryContents(ground.database().database()), changes).operations());
        all.addAll(new IdentitiesApi(ground.identities()).operations());
        all.addAll(new SchedulesApi(work.objects(), stores.fires(), work.camel().schedules()).operations());
        all.addAll(new TokensApi(tokens).operations());
        return all;
    }

    private NodesApi nodesApi() {
        Database database = ground.database().database();
        return new NodesApi(
                nodes,
                new Takeovers(database),
                new JdbcLeases(database, ground.settings().node().lease()));
    }

    private int rotate() {
        ground.keys().rotate(ground.secrets(), "node " + self());
        return ground.work().objects().encryptAnew() + ground.sharedSecrets().encryptAnew();
    }

    NodeFile nodeFile(UUID boot, long epoch, Instant began) {
        return new NodeFile(
                ground.settings().node().name().value(),
                version,
                ProcessHandle.current().pid(),
                boot.toString(),
                epoch,
                began.toString(),
                server.url(),
                server.fingerprints(),
                ground.listeners().bound(ground.work().camel().context()));
    }

    @Override
    public Map<String, Object> status() {
        NodeWork work = ground.work();
        AdminServer.Health ready = health.ready();
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("name", ground.settings().node().name());
        status.put("version", version);
        status.put("pid", ProcessHandle.current().pid());
        status.put("state", work.standing().isDraining() ? "draining" : ready.up() ? "up" : "impaired");
        status.put("healthy", ready.up() || work.standing().isDraining());
        status.put("started", started);
        status.put("restartNeeded", !ground.overlay().equals(overlayNow()));
        status.put("health", ready.details());
        status.put("database", ground.database().description());
        status.put("storage", ground.settings().storage().root().toString());
        status.put("cluster", cluster());
        status.put("sessions", work.sessions().list().size());
        status.put("runningEvents", work.dispatcher().running());
        status.put("routes", work.deployer().deployed().size());
        status.put("routeProblems", work.deployer().problems());
        status.put("events", depth());
        status.put("listeners", ground.listeners().bound(work.camel().context()));
        return status;
    }

    /** What this node would take from the cluster's configuration if it started now. */
    private List<String> overlayNow() {
        return ground.work()
                .objects()
                .find(NodeOverlay.class, self().value())
                .map(NodeOverlay::settings)
                .orElse(List.of());
    }

    /** How the nodes stand together. */
    private Map<String, Object> cluster() {
        try {
            return NodesApi.summary(nodes.list());
        } catch (SeraiException e) {
            LOG.debug("The other nodes are not known now", e);
            return Map.of();
        }
    }

    /** The status is asked for most when something is wrong; an absent database must not hide the rest of it. */
    private Map<String, Long> depth() {
        try {
            return ground.stores().queue().depth();
        } catch (SeraiException e) {
            LOG.debug("The queue's depth is not known now", e);
            return Map.of();
        }
    }

    @Override
    public Nodes nodes() {
        return nodes;
    }

    @Override
    public NodeName self() {
        return ground.settings().node().name();
    }

    int port() {
        return java.net.URI.create(server.url()).getPort();
    }
}
