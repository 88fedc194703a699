package io.serai.route;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;
import org.apache.camel.Route;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.impl.cluster.ClusteredRoutePolicy;
import org.apache.camel.support.RoutePolicySupport;
import org.apache.camel.support.service.ServiceHelper;
import org.jspecify.annotations.Nullable;

/**
 * The route policy {@code one-node}: Camel's clustered route policy with the route's id as its namespace, so that a route
 * of YAML can ask for it by a name. The route runs on the node that leads that namespace.
 */
public final class OneNodePolicy extends RoutePolicySupport implements CamelContextAware {
    /** The name in the registry. */
    public static final String NAME = "one-node";

    private final Map<String, ClusteredRoutePolicy> policies = new ConcurrentHashMap<>();
    private @Nullable CamelContext camel;

    @Override
    public @Nullable CamelContext getCamelContext() {
        return camel;
    }

    @Override
    public void setCamelContext(CamelContext camelContext) {
        this.camel = camelContext;
    }

    @Override
    public void onInit(Route route) {
        super.onInit(route);
        try {
            ClusteredRoutePolicy policy = ClusteredRoutePolicy.forNamespace(route.getCamelContext(), route.getId());
            ServiceHelper.startService(policy);
            forget(policies.put(route.getId(), policy));
            policy.onInit(route);
        } catch (Exception e) {
            throw RuntimeCamelException.wrapRuntimeCamelException(e);
        }
    }

    @Override
    public void onRemove(Route route) {
        super.onRemove(route);
        ClusteredRoutePolicy policy = policies.remove(route.getId());
        if (policy != null) {
            policy.onRemove(route);
            forget(policy);
        }
    }

    private static void forget(@Nullable ClusteredRoutePolicy policy) {
        if (policy != null) {
            ServiceHelper.stopAndShutdownService(policy);
        }
    }
}
