package io.serai.cluster.cache;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.function.Supplier;
import org.infinispan.manager.EmbeddedCacheManager;
import org.jspecify.annotations.Nullable;

/** The cache manager as routes see it: the platform's own caches are not there, and it cannot be stopped. */
final class RouteCaches implements InvocationHandler {
    private static final Set<String> NOT_FOR_ROUTES = Set.of(
            "stop", "close", "start", "administration", "defineConfiguration", "undefineConfiguration", "executor");

    private final Supplier<EmbeddedCacheManager> all;

    private RouteCaches(Supplier<EmbeddedCacheManager> all) {
        this.all = all;
    }

    /** {@code all} is asked when a route uses a cache, and not before. */
    static EmbeddedCacheManager of(Supplier<EmbeddedCacheManager> all) {
        return (EmbeddedCacheManager) Proxy.newProxyInstance(
                EmbeddedCacheManager.class.getClassLoader(),
                new Class<?>[] {EmbeddedCacheManager.class},
                new RouteCaches(all));
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        if (NOT_FOR_ROUTES.contains(method.getName())) {
            throw new SeraiException(ErrorCode.PERMISSION_DENIED, "The caches belong to the server, not to a route");
        }
        for (Object argument : arguments == null ? new Object[0] : arguments) {
            if (argument instanceof String name && name.startsWith(CacheLayer.OWN_PREFIX)) {
                throw new SeraiException(
                        ErrorCode.PERMISSION_DENIED,
                        "The cache " + name + " is the server's own; give the route's cache another name");
            }
        }
        try {
            return method.invoke(all.get(), arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }
}
