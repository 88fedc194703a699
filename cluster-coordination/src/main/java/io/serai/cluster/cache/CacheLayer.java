package io.serai.cluster.cache;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.stats.CacheStats;
import io.serai.cluster.database.Database;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.config.name.NodeName;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.infinispan.Cache;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.context.Flag;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.partitionhandling.PartitionHandling;
import org.infinispan.remoting.transport.Transport;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;
import org.jgroups.JChannel;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's caches. Nothing rests on them: a cache that cannot start, or whose messages are lost, makes the node slower and
 * nothing else. They hold which passwords were verified, carry the number of the newest revision of the configuration to
 * the other nodes, and serve routes ({@code infinispan:}, the guard against duplicate files). A node alone starts no
 * Infinispan before a route uses it.
 *
 * <p>Any thread may call. {@link #start} waits a bounded time; {@link #close} is idempotent.
 */
public final class CacheLayer implements AutoCloseable {
    /** Caches whose names begin so are the platform's own; routes do not get them. */
    public static final String OWN_PREFIX = "serai-";

    /** Caches whose hits and misses are worth a metric. */
    public static final List<String> MEASURED = List.of(OWN_PREFIX + "logins", "duplicates");

    static final String LOGINS = OWN_PREFIX + "logins";
    static final String REVISIONS = OWN_PREFIX + "revisions";
    private static final Logger LOG = LoggerFactory.getLogger(CacheLayer.class);
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final long MOST_LOGINS = 100_000;

    private final CacheSettings settings;
    private final @Nullable CacheIdentity identity;
    private final @Nullable CacheManagers managers;
    private final String why;
    /** Of a node alone, which needs no Infinispan for it. */
    private final com.github.benmanes.caffeine.cache.Cache<String, Boolean> ownLogins;

    private @Nullable RevisionHints hints;

    private CacheLayer(
            CacheSettings settings, @Nullable CacheIdentity identity, @Nullable CacheManagers managers, String why) {
        this.settings = settings;
        this.identity = identity;
        this.managers = managers;
        this.why = why;
        this.ownLogins = Caffeine.newBuilder()
                .maximumSize(MOST_LOGINS)
                .expireAfterWrite(settings.loginLifespan())
                .recordStats()
                .build();
    }

    /** A layer that caches nothing. */
    public static CacheLayer off() {
        return new CacheLayer(
                new CacheSettings(Optional.empty(), Duration.ZERO, 0, Duration.ZERO),
                null,
                null,
                "switched off by cache.enabled");
    }

    /**
     * Starts the caches. Does not fail: a layer that could not be started says so in {@link #state}.
     *
     * @param identity the same on all nodes of the cluster
     */
    public static CacheLayer start(CacheSettings settings, NodeName node, CacheIdentity identity, Database database) {
        if (settings.group().isEmpty()) {
            return new CacheLayer(
                    settings, identity, CacheManagers.onDemand(() -> make(settings, node, identity, database)), "");
        }
        CompletableFuture<EmbeddedCacheManager> starting = new CompletableFuture<>();
        Thread starter = new Thread(
                () -> {
                    try {
                        EmbeddedCacheManager made = make(settings, node, identity, database);
                        if (!starting.complete(made)) {
                            made.stop();
                        }
                    } catch (RuntimeException | LinkageError e) {
                        starting.completeExceptionally(e);
                    }
                },
                "cache-start");
        starter.setDaemon(true);
        starter.start();
        try {
            EmbeddedCacheManager made = starting.get(START_LIMIT.toSeconds(), TimeUnit.SECONDS);
            return new CacheLayer(settings, identity, CacheManagers.of(made), "");
        } catch (ExecutionException e) {
            LOG.error("The caches did not start; this node works without them", e.getCause());
            return new CacheLayer(settings, null, null, "did not start: " + e.getCause());
        } catch (TimeoutException e) {
            starting.completeExceptionally(e);
            LOG.error("The caches did not start within {} s; this node works without them", START_LIMIT.toSeconds());
            return new CacheLayer(settings, null, null, "did not start within " + START_LIMIT.toSeconds() + " s");
        } catch (InterruptedException e) {
            starting.completeExceptionally(e);
            Thread.currentThread().interrupt();
            return new CacheLayer(settings, null, null, "interrupted while it was starting");
        }
    }

    private static EmbeddedCacheManager make(
            CacheSettings settings, NodeName node, CacheIdentity identity, Database database) {
        GlobalConfigurationBuilder global = new GlobalConfigurationBuilder().nonClusteredDefault();
        boolean shared = settings.group().isPresent();
        if (shared) {
            CacheSettings.Group group = settings.group().get();
            global = GlobalConfigurationBuilder.defaultClusteredBuilder();
            global.transport()
                    .addProperty(JGroupsTransport.CHANNEL_CONFIGURATOR, new CacheChannel(group, identity, database))
                    .clusterName(identity.groupName(group.name()))
                    .nodeName(node.value());
        }
        global.jmx().disable();
        global.metrics().gauges(false).histograms(false);
        DefaultCacheManager made = new DefaultCacheManager(global.build(), true);
        try {
            // Any name that is not one of our own is a cache of routes.
            made.defineConfiguration("*", ofRoutes(shared, settings));
            if (shared) {
                made.defineConfiguration(LOGINS, own(settings.loginLifespan()));
                made.defineConfiguration(REVISIONS, own(Duration.ofDays(1)));
                made.getCache(REVISIONS);
                made.getCache(LOGINS);
            }
            return made;
        } catch (RuntimeException e) {
            made.stop();
            throw e;
        }
    }

    private static Configuration own(Duration lifespan) {
        ConfigurationBuilder builder = new ConfigurationBuilder();
        builder.clustering().cacheMode(CacheMode.REPL_ASYNC);
        // What is here may be lost, so a node that starts need not wait for it.
        builder.clustering().stateTransfer().awaitInitialTransfer(false);
        builder.memory().maxCount(MOST_LOGINS);
        builder.expiration().lifespan(Math.max(1, lifespan.toMillis()), TimeUnit.MILLISECONDS);
        builder.statistics().enable();
        return builder.build();
    }

    private static Configuration ofRoutes(boolean shared, CacheSettings settings) {
        ConfigurationBuilder builder = new ConfigurationBuilder();
        builder.clustering().cacheMode(shared ? CacheMode.REPL_SYNC : CacheMode.LOCAL);
        if (shared) {
            builder.clustering()
                    .remoteTimeout(5, TimeUnit.SECONDS)
                    .partitionHandling()
                    .whenSplit(PartitionHandling.ALLOW_READ_WRITES)
                    .mergePolicy(org.infinispan.conflict.MergePolicy.PREFERRED_NON_NULL);
        }
        builder.memory().maxCount(settings.routeEntries());
        builder.expiration().lifespan(settings.routeLifespan().toMillis(), TimeUnit.MILLISECONDS);
        builder.statistics().enable();
        return builder.build();
    }

    /** Whether there are caches. */
    public boolean isUp() {
        CacheManagers all = managers;
        return all != null && all.isUp();
    }

    /** For people: what the layer is, or why it is not. */
    public String state() {
        if (managers == null) {
            return why;
        }
        if (!isUp()) {
            return "stopped";
        }
        return settings.group().isEmpty() ? "local" : "members: " + members();
    }

    /** How many nodes share the caches, this one included; 0 when there are none. */
    public int members() {
        if (!isUp()) {
            return 0;
        }
        return settings.group().isEmpty()
                ? 1
                : running().map(manager -> manager.getMembers().size()).orElse(0);
    }

    private Optional<EmbeddedCacheManager> running() {
        CacheManagers all = managers;
        return all == null ? Optional.empty() : all.running();
    }

    /** What routes may use; empty when the layer is not up. Own caches are not given out. */
    public Optional<EmbeddedCacheManager> forRoutes() {
        CacheManagers all = managers;
        return all == null ? Optional.empty() : Optional.of(RouteCaches.of(all));
    }

    /** Which passwords were verified; empty when the layer is not up, or remembers none. */
    public Optional<VerifiedPasswords> verifiedPasswords() {
        CacheManagers all = managers;
        CacheIdentity keys = identity;
        if (all == null || keys == null || settings.loginLifespan().isZero()) {
            return Optional.empty();
        }
        if (settings.group().isEmpty()) {
            return Optional.of(new VerifiedPasswords(ownLogins.asMap(), keys.hashKey()));
        }
        Cache<String, Boolean> logins = all.get().getCache(LOGINS);
        return Optional.of(new VerifiedPasswords(
                logins.getAdvancedCache().withFlags(Flag.IGNORE_RETURN_VALUES, Flag.FAIL_SILENTLY), keys.hashKey()));
    }

    /** Tells the other nodes of new revisions, and this node's store of theirs. Hints only: the store looks by itself. */
    public synchronized void carryHints(JdbcObjectStore store) {
        if (settings.group().isPresent() && hints == null) {
            hints = running()
                    .map(manager -> new RevisionHints(manager.getCache(REVISIONS), store))
                    .orElse(null);
        }
    }

    /** The channel to the other nodes, for tests that disturb it. */
    Optional<JChannel> channel() {
        return settings.group().isEmpty()
                ? Optional.empty()
                : running()
                        .map(manager -> ((JGroupsTransport)
                                        GlobalComponentRegistry.componentOf(manager, Transport.class))
                                .getChannel());
    }

    /** Hits, misses and entries by cache, for metrics. */
    public Map<String, Statistics> statistics() {
        Map<String, Statistics> all = new LinkedHashMap<>();
        if (isUp() && settings.group().isEmpty()) {
            CacheStats stats = ownLogins.stats();
            all.put(LOGINS, new Statistics(stats.hitCount(), stats.missCount(), ownLogins.estimatedSize()));
        }
        running().ifPresent(manager -> {
            for (String name : manager.getCacheNames()) {
                if (!name.contains("*") && manager.isRunning(name)) {
                    org.infinispan.stats.Stats stats =
                            manager.getCache(name).getAdvancedCache().getStats();
                    all.put(
                            name,
                            new Statistics(stats.getHits(), stats.getMisses(), stats.getApproximateEntriesInMemory()));
                }
            }
        });
        return all;
    }

    /** Since the start of the node. */
    public record Statistics(long hits, long misses, long entries) {}

    @Override
    public synchronized void close() {
        if (hints != null) {
            hints.close();
        }
        CacheManagers all = managers;
        if (all != null) {
            all.close();
        }
    }
}
