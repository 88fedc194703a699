package io.serai.edge.relay;

import io.serai.edge.link.Link;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/** The guard of each edge, by its name, which its key proves. Safe for several threads. */
final class EdgeGuards {
    private final EdgeLimits limits;
    private final EdgeAlarms alarms;
    private final Executor workers;
    private final Map<String, EdgeGuard> guards = new ConcurrentHashMap<>();

    EdgeGuards(EdgeLimits limits, EdgeAlarms alarms, Executor workers) {
        this.limits = limits;
        this.alarms = alarms;
        this.workers = workers;
    }

    EdgeGuard of(String edge) {
        return guards.computeIfAbsent(edge, name -> new EdgeGuard(name, limits, alarms, workers, System::nanoTime));
    }

    EdgeGuard of(Link link) {
        return of(link.peer().node());
    }
}
