package io.serai.edge.relay;

import io.netty.util.concurrent.DefaultThreadFactory;
import io.serai.edge.link.Link;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The guard of each edge, by its name, which its key proves. Safe for several threads. */
final class EdgeGuards {
    private final EdgeLimits limits;
    private final EdgeAlarms alarms;
    private final Executor workers;
    /** As many as the shares of all edges allow: sessions end though all workers stand still until they do. */
    private final Executor closers = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            30,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            new DefaultThreadFactory("edge-close", true));

    private final Map<String, EdgeGuard> guards = new ConcurrentHashMap<>();

    EdgeGuards(EdgeLimits limits, EdgeAlarms alarms, Executor workers) {
        this.limits = limits;
        this.alarms = alarms;
        this.workers = workers;
    }

    EdgeGuard of(String edge) {
        return guards.computeIfAbsent(
                edge,
                name -> new EdgeGuard(name, limits, alarms, new EdgeGuard.Threads(workers, closers), System::nanoTime));
    }

    EdgeGuard of(Link link) {
        return of(link.peer().node());
    }
}
