package io.serai.server.node;

import io.serai.cluster.cache.CacheIdentity;
import io.serai.cluster.cache.CacheLayer;
import io.serai.cluster.cache.CacheSettings;
import io.serai.cluster.secret.SharedSecrets;
import io.serai.config.settings.NodeSettings;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The caches of a node as its settings wish them: shared where the database is, by itself where it is embedded. */
final class NodeCaches {
    private static final Logger LOG = LoggerFactory.getLogger(NodeCaches.class);
    private static final String GROUP = "serai";
    private static final String IDENTITY = "cache-identity";

    private NodeCaches() {}

    static CacheLayer start(NodeSettings settings, NodeDatabase database, SharedSecrets secrets) {
        NodeSettings.Cache wished = settings.cache();
        if (!wished.enabled()) {
            return CacheLayer.off();
        }
        Optional<CacheSettings.Group> group = settings.database()
                .external()
                .map(external -> new CacheSettings.Group(GROUP, wished.address(), wished.port()));
        String node = settings.node().name().value();
        CacheIdentity identity = CacheIdentity.of(secrets.findOrMake(IDENTITY, CacheIdentity::make, "node " + node));
        CacheLayer layer = CacheLayer.start(
                new CacheSettings(group, wished.passwordLifespan(), wished.routeEntries(), wished.routeLifespan()),
                settings.node().name(),
                identity,
                database.database());
        LOG.info("Caches: {}", layer.state());
        return layer;
    }
}
