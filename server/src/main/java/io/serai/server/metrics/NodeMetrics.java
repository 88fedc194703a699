package io.serai.server.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.serai.cluster.cache.CacheLayer;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.transaction.InDoubtRecovery;
import io.serai.config.error.SeraiException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** The node's figures for Prometheus: Camel's route metrics, the queue, sessions and the JVM. */
public final class NodeMetrics {
    private static final List<String> STATES = List.of("ready", "claimed", "waiting", "parked");
    private static final long DEPTH_AGE_NANOS = Duration.ofSeconds(5).toNanos();

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final EventQueue queue;
    private final List<Runnable> refreshed = new CopyOnWriteArrayList<>();
    private Map<String, Long> depth = Map.of();
    private long depthRead = System.nanoTime() - DEPTH_AGE_NANOS;

    @SuppressWarnings("resource") // the JVM's meters live as long as the process
    public NodeMetrics(EventQueue queue, Supplier<Number> sessions, Supplier<Number> runningEvents) {
        this.queue = queue;
        for (String state : STATES) {
            Gauge.builder("serai.events", () -> depth().getOrDefault(state, 0L))
                    .tag("state", state)
                    .description("Live events by state")
                    .register(registry);
        }
        Gauge.builder("serai.sessions", sessions)
                .description("Sessions of partners on this node")
                .register(registry);
        Gauge.builder("serai.events.running", runningEvents)
                .description("Events that this node runs")
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
    }

    public void measure(CacheLayer caches) {
        Gauge.builder("serai.cache.members", caches::members)
                .description("Nodes that share caches with this one, itself included")
                .register(registry);
        for (String cache : CacheLayer.MEASURED) {
            FunctionCounter.builder(
                            "serai.cache.hits",
                            caches,
                            layer -> statistics(layer, cache).hits())
                    .tag("cache", cache)
                    .description("Reads that found something")
                    .register(registry);
            FunctionCounter.builder(
                            "serai.cache.misses",
                            caches,
                            layer -> statistics(layer, cache).misses())
                    .tag("cache", cache)
                    .description("Reads that found nothing")
                    .register(registry);
        }
    }

    public void measure(InDoubtRecovery recovery) {
        Gauge.builder("serai.transactions.prepared", () -> recovery.report().prepared())
                .description("Transactions of the cluster that are prepared at resources of routes and not finished")
                .register(registry);
        Gauge.builder(
                        "serai.transactions.prepared.oldest",
                        () -> recovery.report().oldest().toSeconds())
                .baseUnit("seconds")
                .description("How long the oldest of them has been prepared")
                .register(registry);
        Gauge.builder(
                        "serai.transactions.overdue",
                        () -> recovery.report().overdue().size())
                .description("Transactions that have been prepared for more than five minutes: somebody has to look")
                .register(registry);
        Gauge.builder(
                        "serai.transactions.unreachable",
                        () -> recovery.report().unreachable().size())
                .description("Resources of routes that cannot be asked for prepared transactions")
                .register(registry);
    }

    private static CacheLayer.Statistics statistics(CacheLayer caches, String cache) {
        return caches.statistics().getOrDefault(cache, new CacheLayer.Statistics(0, 0, 0));
    }

    public PrometheusMeterRegistry registry() {
        return registry;
    }

    /** Has this done before each scrape. */
    public void refreshing(Runnable refresh) {
        refreshed.add(refresh);
    }

    public String scrape() {
        refreshed.forEach(Runnable::run);
        return registry.scrape();
    }

    /** Read from the database every few seconds at most; what was read last while it is away. */
    private synchronized Map<String, Long> depth() {
        if (System.nanoTime() - depthRead >= DEPTH_AGE_NANOS) {
            depthRead = System.nanoTime();
            try {
                depth = queue.depth();
            } catch (SeraiException e) {
                return depth;
            }
        }
        return depth;
    }
}
