package io.serai.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.serai.edge.relay.EdgeAlarms;

/** What edges do that they should not, for Prometheus. Their names are those of the zones, so there are few. */
public final class EdgeConductMeters implements EdgeAlarms {
    private final MeterRegistry registry;

    public EdgeConductMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void violated(String edge) {
        Counter.builder("serai.edge.violations")
                .tag("edge", edge)
                .description("Rules of the link that an edge has broken; nobody but an edge in the wrong hands does so")
                .register(registry)
                .increment();
    }

    @Override
    public void refused(String edge, String limit) {
        Counter.builder("serai.edge.refused")
                .tag("edge", edge)
                .tag("limit", limit)
                .description("What was refused to an edge because it asked for more than its share")
                .register(registry)
                .increment();
    }
}
