package io.serai.route.deploy;

import io.serai.cluster.object.ObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.route.arrival.ArrivalSubscription;
import io.serai.route.arrival.Subscriptions;
import io.serai.route.library.Libraries;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.camel.CamelContext;
import org.apache.camel.support.PluginHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the running routes of a node equal to the route objects of the cluster. A change is checked as a whole, then made
 * route by route: a route that is replaced takes no new events and finishes what it has begun, for a bounded time. When
 * one cannot be started, all of the change is taken back and the old routes go on.
 *
 * <p>At the start of the node a broken route does not keep the others from running; it is reported, its events wait, and
 * it is tried again with every later change. Its lock makes deployments follow one another. Routes that use what has
 * changed beneath them, such as a library of steps, are made anew.
 */
public final class RouteDeployer {
    private static final Logger LOG = LoggerFactory.getLogger(RouteDeployer.class);

    private final CamelContext camel;
    private final ObjectStore objects;
    private final Subscriptions subscriptions;
    private final RouteChecker checker;
    private final Duration stopLimit;
    private final Supplier<Set<String>> beneath;
    private final ExecutorService follower;
    private final AtomicBoolean behind = new AtomicBoolean();

    private final Map<RouteId, CheckedRoute> deployed = new TreeMap<>();
    private final Map<RouteId, CheckedRoute> broken = new TreeMap<>();
    private final Map<RouteId, CheckedRoute> prepared = new ConcurrentHashMap<>();
    private final Set<String> words = new TreeSet<>();
    private final Set<RouteId> fallen = new TreeSet<>();
    private volatile boolean anyBroken;
    private boolean following;

    /**
     * Binds the context to the checker's policy, for endpoints that routes make while they run, too.
     *
     * @param stopLimit how long a route that is replaced or removed may go on with what it has begun
     * @param beneath brings what routes stand on up to the objects now; the words by which routes show that they use what
     *     has changed
     */
    public RouteDeployer(
            CamelContext camel,
            ObjectStore objects,
            Subscriptions subscriptions,
            RouteChecker checker,
            Duration stopLimit,
            Supplier<Set<String>> beneath) {
        this.camel = camel;
        this.objects = objects;
        this.subscriptions = subscriptions;
        this.checker = checker;
        this.stopLimit = stopLimit;
        this.beneath = beneath;
        camel.getCamelContextExtension().registerEndpointCallback(new EndpointGuard(checker.policy()));
        this.follower = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "route-deployer");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Deploys the routes of the cluster into the started context and follows their changes from here on. Idempotent. */
    public synchronized List<RouteProblem> start() {
        if (!following) {
            following = true;
            objects.onChange(this::changed);
        }
        return refresh();
    }

    /** Follows no more changes; the routes run on. Idempotent. */
    public void stop() {
        follower.shutdown();
        try {
            if (!follower.awaitTermination(stopLimit.toSeconds() + 10, TimeUnit.SECONDS)) {
                LOG.warn("A deployment of routes is still under way while the node stops");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The routes that run. */
    public synchronized List<Route> deployed() {
        return deployed.values().stream().map(CheckedRoute::route).toList();
    }

    /** What keeps routes of the cluster from running on this node. */
    public synchronized List<RouteProblem> problems() {
        return broken.values().stream()
                .flatMap(route -> route.problems().stream())
                .toList();
    }

    /** What keeps these routes from running on this node, and those that ran until these words changed beneath them. */
    public synchronized List<RouteProblem> problems(Set<RouteId> routes, Set<String> words) {
        return broken.entrySet().stream()
                .filter(entry -> routes.contains(entry.getKey())
                        || fallen.contains(entry.getKey())
                                && Libraries.usesAny(entry.getValue().route(), words))
                .flatMap(entry -> entry.getValue().problems().stream())
                .toList();
    }

    /** As {@link #refresh}, where a change of the objects is not in force here yet. */
    public synchronized void catchUp() {
        if (behind.get()) {
            var unused = refresh();
        }
    }

    /**
     * Makes the running routes, and what they stand on, equal to the objects now.
     *
     * @return what is wrong; the routes of a change with a problem were left as they were
     */
    public synchronized List<RouteProblem> refresh() {
        behind.set(false);
        List<RouteProblem> problems = new ArrayList<>();
        boolean done = false;
        try {
            words.addAll(beneath.get());
            fallen.removeIf(id ->
                    !broken.containsKey(id) || Libraries.usesAny(broken.get(id).route(), words));
            List<CheckedRoute> users = deployed.values().stream()
                    .filter(route -> Libraries.usesAny(route.route(), words))
                    .toList();
            deploy(problems);
            users.forEach(user -> problems.addAll(anew(user)));
            words.clear();
            done = true;
        } finally {
            subscribe();
            anyBroken = !broken.isEmpty();
            behind.compareAndSet(false, !done);
        }
        problems.forEach(problem -> LOG.error("A route is not deployed: {}", problem));
        return problems;
    }

    /** A route that ran when something changed beneath it; one that was replaced meanwhile is new already. */
    private List<RouteProblem> anew(CheckedRoute user) {
        RouteId id = user.route().id();
        List<RouteProblem> problems =
                deployed.get(id) == user ? make(List.of(user), List.of()) : List.<RouteProblem>of();
        if (!problems.isEmpty()) {
            fallen.add(id);
        }
        return problems;
    }

    private void deploy(List<RouteProblem> problems) {
        Map<RouteId, Route> wanted = new LinkedHashMap<>();
        objects.all(Route.class).forEach(route -> wanted.put(route.id(), route));
        broken.entrySet().removeIf(entry -> !entry.getValue().route().equals(wanted.get(entry.getKey())));
        if (deployed.isEmpty()) {
            wanted.values().forEach(route -> problems.addAll(deployAlone(route)));
        } else {
            List<CheckedRoute> brokenBefore = List.copyOf(broken.values());
            problems.addAll(deployChange(wanted));
            brokenBefore.stream()
                    .filter(before ->
                            before.route().equals(wanted.get(before.route().id())))
                    .forEach(before -> problems.addAll(deployAlone(before.route())));
        }
    }

    /** Files that arrive for a broken route wait in the queue until it is mended. */
    private void subscribe() {
        List<ArrivalSubscription> waiting = new ArrayList<>();
        deployed.values().forEach(route -> route.subscription().ifPresent(waiting::add));
        broken.values().stream()
                .filter(route -> !deployed.containsKey(route.route().id()))
                .forEach(route -> route.subscription().ifPresent(waiting::add));
        subscriptions.replace(waiting);
    }

    /** Waits for no deployment: what else follows changes must not stand behind a busy route. */
    private void changed(List<ObjectStore.Change> changes) {
        boolean runs = changes.stream()
                .anyMatch(change ->
                        change.key().kind() == ObjectKind.ROUTE || change.key().kind() == ObjectKind.LIBRARY);
        boolean mends = changes.stream().anyMatch(change -> change.after() != null);
        if (runs || mends && anyBroken) {
            behind.set(true);
            follower.execute(() -> {
                try {
                    catchUp();
                } catch (RuntimeException e) { // the edge of the loop: the next change must still be followed
                    LOG.error("The routes could not be deployed; the old ones go on", e);
                }
            });
        }
    }

    /**
     * Looks whether routes could be deployed here, without changing anything that runs. What was found out is kept, so that
     * deploying them soon after is quick.
     */
    public List<RouteProblem> prepare(List<Route> routes) {
        List<RouteProblem> problems = new ArrayList<>();
        for (Route route : routes) {
            CheckedRoute checked = checker.check(route);
            problems.addAll(checked.problems());
            prepared.put(route.id(), checked);
        }
        return problems;
    }

    private CheckedRoute checked(Route route) {
        CheckedRoute ready = prepared.remove(route.id());
        return ready != null && ready.route().equals(route) && ready.problems().isEmpty()
                ? ready
                : checker.check(route);
    }

    // ---- one route by itself ----

    private List<RouteProblem> deployAlone(Route route) {
        CheckedRoute checked = checked(route);
        if (!checked.problems().isEmpty()) {
            broken.put(route.id(), checked);
            return checked.problems();
        }
        return make(List.of(checked), List.of());
    }

    // ---- a change as a whole ----

    private List<RouteProblem> deployChange(Map<RouteId, Route> wanted) {
        List<CheckedRoute> puts = new ArrayList<>();
        for (Route route : wanted.values()) {
            if (!isKnown(route)) {
                puts.add(checked(route));
            }
        }
        List<CheckedRoute> removals = deployed.values().stream()
                .filter(route -> !wanted.containsKey(route.route().id()))
                .toList();
        List<CheckedRoute> refused =
                puts.stream().filter(put -> !put.problems().isEmpty()).toList();
        refused.forEach(put -> broken.put(put.route().id(), put));
        return refused.isEmpty()
                ? make(puts, removals)
                : refused.stream().flatMap(put -> put.problems().stream()).toList();
    }

    private boolean isKnown(Route route) {
        CheckedRoute running = deployed.get(route.id());
        CheckedRoute failed = broken.get(route.id());
        return running != null && running.route().equals(route)
                || failed != null && failed.route().equals(route);
    }

    private List<RouteProblem> make(List<CheckedRoute> puts, List<CheckedRoute> removals) {
        Deque<Runnable> undo = new ArrayDeque<>();
        for (CheckedRoute put : puts) {
            try {
                put(put, undo);
            } catch (SeraiException e) {
                undo.forEach(this::tryTo);
                RouteProblem problem = RouteProblem.of(RouteText.fileName(put.route()), 1, e.text());
                broken.put(put.route().id(), put.withProblem(problem));
                return List.of(problem);
            }
        }
        for (CheckedRoute removal : removals) {
            take(removal, undo);
            LOG.info("Route {} was removed", removal.route().id());
        }
        puts.forEach(put -> broken.remove(put.route().id()));
        return List.of();
    }

    private void put(CheckedRoute put, Deque<Runnable> undo) {
        RouteId id = put.route().id();
        CheckedRoute before = deployed.get(id);
        if (before != null) {
            take(before, undo);
        }
        add(put.route());
        deployed.put(id, put);
        undo.push(() -> {
            remove(id);
            deployed.remove(id);
        });
        LOG.info("Route {} {}", id, before == null ? "runs" : "was replaced");
    }

    private void take(CheckedRoute route, Deque<Runnable> undo) {
        RouteId id = route.route().id();
        remove(id);
        deployed.remove(id);
        undo.push(() -> {
            add(route.route());
            deployed.put(id, route);
        });
    }

    private void tryTo(Runnable step) {
        try {
            step.run();
        } catch (SeraiException e) {
            LOG.error("A change of routes could not be taken back completely", e);
        }
    }

    // ---- Camel ----

    private void add(Route route) {
        try {
            PluginHelper.getRoutesLoader(camel).loadRoutes(RouteText.resource(route));
        } catch (Exception e) {
            removeWhatIsLeft(route.id());
            throw failure("Route " + route.id() + " cannot be started", e);
        }
    }

    /** Finishes what the route has begun, within the limit, and removes it. */
    private void remove(RouteId id) {
        try {
            camel.getRouteController().stopRoute(id.value(), stopLimit.toSeconds(), TimeUnit.SECONDS);
            camel.removeRoute(id.value());
        } catch (Exception e) {
            throw failure("Route " + id + " cannot be stopped", e);
        }
    }

    private void removeWhatIsLeft(RouteId id) {
        try {
            if (camel.getRoute(id.value()) != null) {
                remove(id);
            }
        } catch (SeraiException e) {
            LOG.warn("What is left of route {} cannot be removed", id, e);
        }
    }

    private static SeraiException failure(String what, Exception e) {
        Throwable cause = e;
        while (cause.getCause() != null && !(cause instanceof SeraiException)) {
            cause = cause.getCause();
        }
        String why =
                Optional.ofNullable(cause.getMessage()).orElse(cause.getClass().getSimpleName());
        return new SeraiException(ErrorCode.INVALID, what + ": " + why, e);
    }
}
