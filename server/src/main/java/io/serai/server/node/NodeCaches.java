package io.serai.server.node;

import io.serai.cluster.cache.CacheIdentity;
import io.serai.cluster.cache.CacheLayer;
import io.serai.cluster.cache.CacheSettings;
import io.serai.cluster.cache.CacheWatch;
import io.serai.cluster.secret.SharedSecrets;
import io.serai.config.name.NodeName;
import io.serai.config.settings.NodeSettings;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The caches of a node as its settings wish them: shared where the database is, by itself where it is embedded. */
final class NodeCaches {
    private static final Logger LOG = LoggerFactory.getLogger(NodeCaches.class);
    private static final String GROUP = "serai";
    private static final String IDENTITY = "cache-identity";

    private NodeCaches() {}

    /** Says when the caches of live nodes do not find each other. */
    static CacheWatch watch(NodeSettings settings, CacheLayer caches, NodeDatabase database, StopList stops) {
        CacheWatch watch =
                new CacheWatch(caches, database.database(), settings.node().lease(), InstantSource.system());
        watch.start();
        stops.add("watch of the caches", watch::close);
        return watch;
    }

    /** Begins the start, which needs some seconds; what it ends in never fails. */
    static CompletableFuture<CacheLayer> start(NodeSettings settings, NodeDatabase database, SharedSecrets secrets) {
        NodeSettings.Cache wished = settings.cache();
        if (!wished.enabled()) {
            return CompletableFuture.completedFuture(CacheLayer.off());
        }
        Optional<CacheSettings.Group> group = settings.database()
                .external()
                .map(external -> new CacheSettings.Group(
                        GROUP,
                        wished.address(),
                        wished.port(),
                        wished.advertised().address(),
                        wished.advertised().port()));
        NodeName node = settings.node().name();
        CacheIdentity identity = CacheIdentity.of(secrets.findOrMake(IDENTITY, CacheIdentity::make, "node " + node));
        CacheSettings all =
                new CacheSettings(group, wished.passwordLifespan(), wished.routeEntries(), wished.routeLifespan());
        return CompletableFuture.supplyAsync(
                () -> {
                    CacheLayer layer = CacheLayer.start(all, node, identity, database.database());
                    LOG.info("Caches: {}", layer.state());
                    return layer;
                },
                task -> {
                    Thread thread = new Thread(task, "cache-awaiter");
                    thread.setDaemon(true);
                    thread.start();
                });
    }
}
