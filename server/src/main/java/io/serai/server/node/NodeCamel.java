package io.serai.server.node;

import io.micrometer.core.instrument.MeterRegistry;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.leadership.PostgresClusterService;
import io.serai.cluster.lease.LeaseKeeper;
import io.serai.cluster.ledger.Deliveries;
import io.serai.cluster.ledger.Ledger;
import io.serai.cluster.limit.ClusterLimits;
import io.serai.cluster.monitor.MonitorRoots;
import io.serai.cluster.monitor.MonitoredFiles;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.pull.PulledFiles;
import io.serai.cluster.schedule.QuartzSettings;
import io.serai.cluster.schedule.ScheduleFires;
import io.serai.cluster.storage.Receiving;
import io.serai.cluster.storage.Storage;
import io.serai.cluster.transaction.TransactionDoor;
import io.serai.cluster.transaction.Transactions;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.sftp.HostKeys;
import io.serai.route.CamelSetup;
import io.serai.route.EventSource;
import io.serai.route.OneNodePolicy;
import io.serai.route.arrival.EventDispatcher;
import io.serai.route.monitor.MonitorCounts;
import io.serai.route.schedule.Schedules;
import io.serai.route.session.PartnerSessions;
import jakarta.transaction.TransactionManager;
import jakarta.transaction.UserTransaction;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.component.micrometer.MicrometerConstants;
import org.apache.camel.component.micrometer.routepolicy.MicrometerRoutePolicyFactory;
import org.apache.camel.main.Main;
import org.apache.camel.spi.TransactedPolicy;
import org.apache.camel.support.DefaultRegistry;

/** The Camel context of a node, run by Camel Main and configured by this code alone. */
final class NodeCamel {
    private final Main main = new Main();
    private final CamelContext camel;

    /** Prepares the context; nothing runs yet. */
    NodeCamel(String name, Path spoolDirectory, Duration stopLimit) {
        // Options of the context come from our own settings; a stray variable or file must not change routes.
        main.setDefaultPropertyPlaceholderLocation("false");
        main.configure()
                .withName(name)
                .withAutoConfigurationEnabled(false)
                .withAutoConfigurationEnvironmentVariablesEnabled(false)
                .withAutoConfigurationSystemPropertiesEnabled(false)
                .withRoutesCollectorEnabled(false);
        main.init();
        camel = main.getCamelContext();
        CamelSetup.apply(camel, spoolDirectory, (int) Math.max(1, stopLimit.toSeconds()));
    }

    CamelContext context() {
        return camel;
    }

    /** What components find in the registry. */
    void bindStores(NodeStores stores, ObjectStore objects, EventDispatcher dispatcher) {
        bind("seraiStorage", Storage.class, stores.storage());
        bind("seraiReceiving", Receiving.class, stores.receiving());
        bind("seraiLedger", Ledger.class, stores.ledger());
        bind("seraiDeliveries", Deliveries.class, stores.deliveries());
        bind("seraiQueue", EventQueue.class, stores.queue());
        bind("seraiFires", ScheduleFires.class, stores.fires());
        bind("seraiPulled", PulledFiles.class, stores.pulled());
        bind("seraiLimits", ClusterLimits.class, stores.limits());
        bind("seraiObjects", ObjectStore.class, objects);
        bind("seraiEvents", EventSource.class, dispatcher);
    }

    /** How the clocks of schedules share their triggers with the other nodes. */
    void bindSchedules(QuartzSettings settings) {
        bind("seraiQuartz", QuartzSettings.class, settings);
    }

    /** What routes that monitor folders need beside the stores. */
    void bindMonitors(MonitorRoots roots, MonitoredFiles files, MonitorCounts counts) {
        bind("seraiMonitorCounts", MonitorCounts.class, counts);
        bind("seraiMonitorRoots", MonitorRoots.class, roots);
        bind("seraiMonitored", MonitoredFiles.class, files);
    }

    Schedules schedules() {
        try {
            return Schedules.of(camel);
        } catch (Exception e) {
            throw new SeraiException(ErrorCode.DEFECT, "The clocks of schedules did not start: " + e.getMessage(), e);
        }
    }

    void bindSessions(PartnerSessions sessions, HostKeys hostKeys) {
        bind("seraiSessions", PartnerSessions.class, sessions);
        bind("seraiHostKeys", HostKeys.class, hostKeys);
    }

    /** Who leads a namespace: for {@code master:} and clustered route policies. */
    void bindLeadership(LeaseKeeper keeper) {
        try {
            camel.addService(new PostgresClusterService(keeper), true, true);
            bind("seraiLeases", LeaseKeeper.class, keeper);
            camel.getRegistry().bind(OneNodePolicy.NAME, new OneNodePolicy());
        } catch (Exception e) {
            throw new SeraiException(ErrorCode.DEFECT, "Camel refused the cluster service: " + e.getMessage(), e);
        }
    }

    /** What route authors need for {@code transacted()} and {@code sql:}. */
    void bindTransactions(NodeTransactions node, EventQueue queue) {
        Transactions transactions = node.transactions();
        TransactionDoor door = transactions.door();
        bind("serai", DataSource.class, transactions.dataSource());
        // The name of an earlier release for transactions with several resources, which is no difference any more.
        bind("seraiXa", DataSource.class, transactions.dataSource());
        bind("transactionManager", TransactionManager.class, door);
        bind("userTransaction", UserTransaction.class, door);
        bind("PROPAGATION_REQUIRED", TransactedPolicy.class, new RequiredTransaction(transactions, queue));
        if (camel.getRegistry() instanceof DefaultRegistry registry) {
            registry.addBeanRepository(node.resources());
        } else {
            throw new IllegalStateException("Camel's registry takes no further repositories");
        }
    }

    void measure(MeterRegistry registry) {
        camel.getRegistry().bind(MicrometerConstants.METRICS_REGISTRY_NAME, MeterRegistry.class, registry);
        camel.addRoutePolicyFactory(new MicrometerRoutePolicyFactory());
    }

    <T> void bind(String name, Class<T> type, T part) {
        camel.getRegistry().bind(name, type, part);
    }

    void start() {
        try {
            main.start();
        } catch (Exception e) {
            throw new SeraiException(ErrorCode.DEFECT, "Camel did not start: " + e.getMessage(), e);
        }
    }

    void addRoutes(org.apache.camel.builder.RouteBuilder routes) {
        try {
            camel.addRoutes(routes);
        } catch (Exception e) {
            throw known(e);
        }
    }

    void stop() {
        main.stop();
    }

    Map<String, Object> description() {
        return Map.of("camelVersion", camel.getVersion());
    }

    /** A listener that cannot bind says so itself; Camel wraps that several times. */
    private static SeraiException known(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SeraiException ours) {
                return ours;
            }
        }
        return new SeraiException(ErrorCode.INVALID, "A listener did not start: " + failure.getMessage(), failure);
    }
}
