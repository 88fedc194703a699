package io.serai.route.cache;

import io.serai.cluster.cache.CacheLayer;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.CamelContext;
import org.apache.camel.Component;
import org.apache.camel.Endpoint;
import org.apache.camel.component.infinispan.embedded.InfinispanEmbeddedComponent;
import org.apache.camel.component.infinispan.embedded.InfinispanEmbeddedConfiguration;
import org.apache.camel.component.infinispan.embedded.InfinispanEmbeddedIdempotentRepository;
import org.apache.camel.spi.IdempotentRepository;
import org.infinispan.manager.EmbeddedCacheManager;

/**
 * Makes the node's caches usable in routes. Where the node has none, a route that names them is not deployed, with the
 * reason: a guard that only looks like one is worse than none.
 */
public final class CachesForRoutes {
    /** The bean for {@code idempotentRepository}: knows what any node has seen lately. */
    public static final String DUPLICATES = "duplicates";

    private static final String COMPONENT = "infinispan";

    private CachesForRoutes() {}

    /** Call before the context starts. */
    public static void bind(CamelContext camel, CacheLayer layer) {
        Optional<EmbeddedCacheManager> caches = layer.forRoutes();
        if (caches.isEmpty()) {
            camel.addComponent(COMPONENT, new AbsentCaches(layer));
            camel.addComponent(COMPONENT + "-embedded", new AbsentCaches(layer));
            return;
        }
        camel.addComponent(COMPONENT, component(caches.get()));
        camel.addComponent(COMPONENT + "-embedded", component(caches.get()));
        InfinispanEmbeddedIdempotentRepository duplicates = new InfinispanEmbeddedIdempotentRepository(DUPLICATES);
        duplicates.setCacheContainer(caches.get());
        duplicates.setCamelContext(camel);
        camel.getRegistry().bind(DUPLICATES, IdempotentRepository.class, duplicates);
    }

    private static Component component(EmbeddedCacheManager caches) {
        InfinispanEmbeddedConfiguration configuration = new InfinispanEmbeddedConfiguration();
        configuration.setCacheContainer(caches);
        InfinispanEmbeddedComponent component = new InfinispanEmbeddedComponent();
        component.setConfiguration(configuration);
        return component;
    }

    /** Says why there are no caches, instead of making some that nobody shares. */
    private static final class AbsentCaches extends InfinispanEmbeddedComponent {
        private final CacheLayer layer;

        AbsentCaches(CacheLayer layer) {
            this.layer = layer;
        }

        @Override
        protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
            throw new SeraiException(
                    ErrorCode.UNSUPPORTED, "This node has no caches for " + uri + " (" + layer.state() + ")");
        }
    }
}
