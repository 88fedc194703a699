package io.serai.edge.component;

import io.serai.endpoint.BoundListener;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.ServiceStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes the listeners of an edge while no server takes sessions, so that load balancers notice, and opens them again. It
 * leaves alone what runs: listeners with sessions stay, and so do routes that somebody else has stopped. Its state belongs to
 * its one thread.
 */
public final class ListenerGate implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerGate.class);
    private static final long CHECK_MILLIS = 250;

    private final CamelContext camel;
    private final BooleanSupplier served;
    private final BooleanSupplier idle;
    private final Duration patience;
    private final Set<String> closed = new LinkedHashSet<>();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread made = new Thread(task, "listener-gate");
        made.setDaemon(true);
        return made;
    });
    private long servedNanos = System.nanoTime();

    /**
     * @param served whether a server takes new sessions
     * @param idle whether there are no sessions
     * @param patience how long partners are only refused, before the listeners are closed
     */
    public ListenerGate(CamelContext camel, BooleanSupplier served, BooleanSupplier idle, Duration patience) {
        this.camel = camel;
        this.served = served;
        this.idle = idle;
        this.patience = patience;
    }

    /** Begins to watch; to be called when the routes have been started. */
    public void start() {
        thread.scheduleWithFixedDelay(this::check, CHECK_MILLIS, CHECK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void check() {
        try {
            long now = System.nanoTime();
            if (served.getAsBoolean()) {
                servedNanos = now;
                open();
            } else if (now - servedNanos >= patience.toNanos() && idle.getAsBoolean()) {
                shut();
            }
        } catch (RuntimeException e) { // the next check comes all the same
            LOG.error("The listeners could not be looked after", e);
        }
    }

    private void shut() {
        for (Route route : camel.getRoutes()) {
            String id = route.getRouteId();
            ServiceStatus status = camel.getRouteController().getRouteStatus(id);
            if (!(route.getConsumer() instanceof BoundListener) || status == null || !status.isStarted()) {
                continue;
            }
            closed.add(id);
            try {
                camel.getRouteController().stopRoute(id);
                LOG.warn("The listener of route {} is closed: no server takes sessions", id);
            } catch (Exception e) { // Camel declares any
                LOG.warn("The listener of route {} could not be closed", id, e);
            }
        }
    }

    private void open() {
        for (String id : Set.copyOf(closed)) {
            try {
                if (camel.getRoute(id) != null) {
                    camel.getRouteController().startRoute(id);
                    LOG.info("The listener of route {} is open again", id);
                }
                closed.remove(id);
            } catch (Exception e) { // Camel declares any; tried again at the next check
                LOG.warn("The listener of route {} could not be opened again: {}", id, e.toString());
            }
        }
    }

    /** Watches no more; what is closed stays so. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}
