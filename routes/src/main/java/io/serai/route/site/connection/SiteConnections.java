package io.serai.route.site.connection;

import io.serai.cluster.limit.BandwidthShares.Flow;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.config.name.SiteName;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.route.site.outbound.OutboundPath;
import io.serai.route.site.outbound.OutboundPaths;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.jspecify.annotations.Nullable;

/**
 * The connections of this node to sites: as many at a time as each site allows in the whole cluster, reused while they
 * are alive and the site's definition stays the same, closed when they lie idle. Safe for use by many threads.
 */
public final class SiteConnections implements AutoCloseable {
    private static final Duration LONGEST_IDLE = Duration.ofSeconds(30);
    /** After this time a connection by another way than the first is not used again, so that the first is found to be back. */
    private static final Duration LONGEST_ELSEWHERE = Duration.ofSeconds(30);

    private final CamelContext camel;
    private final LineWatch watch;
    private final SiteLimits limits;
    private final OutboundPaths paths;
    private final Map<SiteName, Gate> gates = new ConcurrentHashMap<>();

    public SiteConnections(CamelContext camel, LineWatch watch, SiteLimits limits) {
        this(camel, watch, limits, OutboundPaths.DIRECT);
    }

    /** @param paths by which ways the connections to each site leave */
    public SiteConnections(CamelContext camel, LineWatch watch, SiteLimits limits, OutboundPaths paths) {
        this.camel = camel;
        this.watch = watch;
        this.limits = limits;
        this.paths = paths;
        watch.every(Duration.ofSeconds(5), () -> gates.values().forEach(Gate::closeIdle));
    }

    /**
     * Takes a place at the site and connects, or takes a connection that another delivery has left. The lease is closed
     * in any case; {@link Lease#keep} first when the connection is in order.
     */
    public Lease take(Site site, StopSwitch stop) {
        return take(site, stop, Optional.empty());
    }

    /** @param only the one address of the site to go to; empty for any */
    public Lease take(Site site, StopSwitch stop, Optional<HostPort> only) {
        Place place = enter(site, stop);
        try {
            Lease lease = place.connect(stop, only);
            lease.place = place;
            return lease;
        } catch (RuntimeException | Error e) {
            place.close();
            throw e;
        }
    }

    /**
     * Takes a place at the site, without a connection yet.
     *
     * @throws SeraiException {@code SITE_FULL} when the site has its most deliveries and pulls in the cluster already
     */
    public Place enter(Site site, StopSwitch stop) {
        Gate gate = gates.computeIfAbsent(site.name(), name -> new Gate(limits));
        return new Place(gate, site, gate.places.enter(site, stop));
    }

    /** A place at a site. */
    public final class Place implements AutoCloseable {
        private final Gate gate;
        private final Site site;
        private final SiteGate.Entry entry;
        private final Flow flow;

        private Place(Gate gate, Site site, SiteGate.Entry entry) {
            this.gate = gate;
            this.site = site;
            this.entry = entry;
            this.flow = limits.flow(site);
        }

        /**
         * Connects, or takes a connection that another delivery has left.
         *
         * @param only the one address of the site to go to; empty for any
         */
        public Lease connect(StopSwitch stop, Optional<HostPort> only) {
            List<OutboundPath> ways = paths.of(site);
            Reusable idle = gate.idleFor(site, ways, only);
            while (idle != null) {
                Lease lease = new Lease(gate, site, idle, stop, flow);
                if (idle.alive()) {
                    return lease;
                }
                lease.closeConnection();
                idle = gate.idleFor(site, ways, only);
            }
            return new Lease(gate, site, SiteConnections.this.connect(site, stop, only), stop, flow);
        }

        /** Gives the place to somebody else. Idempotent. */
        @Override
        public void close() {
            flow.close();
            entry.close();
        }
    }

    private Reusable connect(Site site, StopSwitch stop, Optional<HostPort> only) {
        Line line = new Line(site, only, paths.of(site));
        stop.attach(line);
        try (LineWatch.Watch watched = watch.watch(line, site.timeout())) {
            return open(camel, site, line);
        } finally {
            stop.detach();
        }
    }

    /** Connects and logs in by the site's protocol. */
    public static Reusable open(CamelContext camel, Site site, Line line) {
        if (site.user().isEmpty() && site.protocol() != Protocol.HTTPS) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "Site " + site.name() + " has no user; sftp and ftps need its field 'user', apply it anew");
        }
        while (true) {
            try {
                return openOnce(camel, site.at(line.target()), line);
            } catch (SeraiException e) {
                if (!line.nextWay(e)) {
                    throw e;
                }
            }
        }
    }

    private static Reusable openOnce(CamelContext camel, Site site, Line line) {
        return switch (site.protocol()) {
            case SFTP -> SftpConnection.connect(camel, site, line);
            case FTPS -> FtpsConnection.connect(camel, site, line);
            case HTTPS -> HttpsConnection.of(camel, site, line);
        };
    }

    @Override
    public void close() {
        gates.values().forEach(Gate::close);
    }

    /** A connection in the hands of one delivery or fetch, watched while it is. */
    public final class Lease implements AutoCloseable {
        private final Gate gate;
        private final Site site;
        private final Reusable connection;
        private final StopSwitch stop;
        private final Flow flow;
        private LineWatch.@Nullable Watch watched;
        private @Nullable Place place;
        private boolean kept;

        private Lease(Gate gate, Site site, Reusable connection, StopSwitch stop, Flow flow) {
            this.flow = flow;
            this.gate = gate;
            this.site = site;
            this.connection = connection;
            this.stop = stop;
            stop.attach(connection.line());
            watched = watch.watch(connection.line(), site.timeout());
        }

        /** The connection to a site that has folders and names. */
        public SiteConnection connection() {
            if (connection instanceof SiteConnection folders) {
                return folders;
            }
            throw new SeraiException(
                    ErrorCode.INVALID, "Site " + site.name() + " speaks https, which has no folders to work in");
        }

        /** The connection to a site that takes requests. */
        public HttpsConnection https() {
            return (HttpsConnection) connection;
        }

        /** Which of the site's addresses it leads to, or is tried next. */
        public HostPort address() {
            return connection.line().target();
        }

        /** Bytes were moved; waits as the site's bandwidth wants it. */
        public void moved(long bytes) {
            flow.moved(bytes);
            Line line = connection.line();
            for (Duration pause = flow.pause(); !pause.isZero() && line.cut() == null; pause = flow.pause()) {
                try {
                    TimeUnit.NANOSECONDS.sleep(pause.toNanos());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
                line.touch();
            }
        }

        /** Does something that does not concern the site, so that the time it takes is not held against the site. */
        public void aside(Runnable work) {
            unwatch();
            try {
                work.run();
            } finally {
                watched = watch.watch(connection.line(), site.timeout());
            }
        }

        /** The connection is in order and may be used by the next. */
        public void keep() {
            kept = true;
        }

        private void unwatch() {
            if (watched != null) {
                watched.close();
                watched = null;
            }
        }

        private void closeConnection() {
            unwatch();
            stop.detach();
            connection.close();
        }

        @Override
        public void close() {
            unwatch();
            stop.detach();
            if (kept && connection.line().cut() == null) {
                gate.giveBack(site, connection);
            } else {
                connection.close();
            }
            if (place != null) {
                place.close();
            }
        }
    }

    private record Idle(Site site, Reusable connection, long since) {}

    /** The places at one site and its idle connections; its monitor guards the latter. */
    private static final class Gate {
        private final SiteGate places;
        private final Deque<Idle> idle = new ArrayDeque<>();
        private boolean closed;

        Gate(SiteLimits limits) {
            places = new SiteGate(limits);
        }

        /** The connection used last, if it was made for exactly this definition of the site, and leaves as sites do now. */
        synchronized @Nullable Reusable idleFor(Site site, List<OutboundPath> ways, Optional<HostPort> only) {
            for (Iterator<Idle> newest = idle.descendingIterator(); newest.hasNext(); ) {
                Idle last = newest.next();
                Line line = last.connection().line();
                boolean usable = last.site().equals(site) && line.mayBeUsedAgain(site, ways, LONGEST_ELSEWHERE);
                if (usable && only.isPresent() && !only.get().equals(line.target())) {
                    continue;
                }
                newest.remove();
                if (usable) {
                    return last.connection();
                }
                last.connection().close();
            }
            return null;
        }

        void giveBack(Site site, Reusable connection) {
            synchronized (this) {
                if (!closed) {
                    idle.addLast(new Idle(site, connection, System.nanoTime()));
                    return;
                }
            }
            connection.close();
        }

        void closeIdle() {
            while (true) {
                Idle first;
                synchronized (this) {
                    first = idle.peekFirst();
                    if (first == null || System.nanoTime() - first.since() < LONGEST_IDLE.toNanos()) {
                        return;
                    }
                    idle.removeFirst();
                }
                first.connection().close();
            }
        }

        void close() {
            Deque<Idle> all;
            synchronized (this) {
                closed = true;
                all = new ArrayDeque<>(idle);
                idle.clear();
            }
            all.forEach(each -> each.connection().close());
        }
    }
}
