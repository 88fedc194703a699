package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.StorageWatch;
import io.serai.config.error.SeraiException;
import io.serai.server.admin.AdminServer.Health;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.camel.CamelContext;
import org.apache.camel.health.HealthCheck;
import org.apache.camel.health.HealthCheckHelper;

/**
 * How the node stands. Ready: it can take partners and work (database, lease, storage, Camel's readiness checks, not
 * draining). Live: its process is worth keeping; an absent database does not make it otherwise.
 */
final class NodeHealth {
    private final CamelContext camel;
    private final Database database;
    private final Fence fence;
    private final StorageWatch storage;
    private final BooleanSupplier draining;
    private final Supplier<Map<String, Object>> remarks;

    /** @param remarks what is said beside, and decides nothing */
    NodeHealth(
            CamelContext camel,
            Database database,
            Fence fence,
            StorageWatch storage,
            BooleanSupplier draining,
            Supplier<Map<String, Object>> remarks) {
        this.remarks = remarks;
        this.camel = camel;
        this.database = database;
        this.fence = fence;
        this.storage = storage;
        this.draining = draining;
    }

    Health live() {
        boolean up = camel.getStatus().isStarted();
        return new Health(up, Map.of("camel", word(up)));
    }

    Health ready() {
        Map<String, Object> details = new LinkedHashMap<>();
        boolean camelReady = camelReady();
        details.put("camel", word(camelReady));
        boolean databaseUp = database.isUp();
        details.put("database", word(databaseUp));
        boolean leased = hasLease();
        details.put("lease", word(leased));
        boolean storageUp = storage.isUp();
        details.put("storage", word(storageUp));
        boolean drained = draining.getAsBoolean();
        details.put("draining", drained);
        details.putAll(remarks.get());
        return new Health(camelReady && databaseUp && leased && storageUp && !drained, details);
    }

    private boolean camelReady() {
        if (!camel.getStatus().isStarted()) {
            return false;
        }
        Collection<HealthCheck.Result> results = HealthCheckHelper.invokeReadiness(camel);
        return results.stream().noneMatch(result -> result.getState() == HealthCheck.State.DOWN);
    }

    private boolean hasLease() {
        try {
            fence.token();
            return true;
        } catch (SeraiException e) {
            return false;
        }
    }

    private static String word(boolean up) {
        return up ? "UP" : "DOWN";
    }
}
