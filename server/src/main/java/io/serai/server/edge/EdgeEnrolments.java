package io.serai.server.edge;

import io.serai.cluster.object.ObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Zone;
import io.serai.edge.enrol.Enroller;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.message.EdgeMessages.Grant;
import io.serai.edge.tls.Pin;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Enrolments that this server has begun. It dials the edge's addresses until somebody there proves to know the code, and
 * records that one's key in the zone. The codes are in memory alone: a server that stops forgets them. An edge has one
 * enrolment at a time. Thread-safe.
 */
public final class EdgeEnrolments implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeEnrolments.class);
    private static final Duration SHORTEST = Duration.ofMinutes(1);
    private static final Duration LONGEST = Duration.ofHours(24);
    private static final int MOST_KEPT = 100;
    private static final int MOST_OPEN = 20;
    private static final int REFUSALS_MOST = 5;

    private final EdgeLinks links;
    private final ObjectStore objects;
    private final Zones zones;
    private final InstantSource clock;
    private final Duration pause;
    private final Map<EdgeName, Enrolment> all = new TreeMap<>();
    private final ScheduledExecutorService dialling = Executors.newScheduledThreadPool(2, task -> {
        Thread thread = new Thread(task, "edge-enrolment");
        thread.setDaemon(true);
        return thread;
    });

    /** Changes a zone as any change of configuration is made: checked, and refused while older servers could not read it. */
    @FunctionalInterface
    public interface Zones {
        /** @param seen what the zone was made from; {@code CONFLICT} when it is not in force any more */
        void put(ObjectStore.Versioned seen, Zone zone, String by);
    }

    /**
     * What is to be enrolled.
     *
     * @param zone where the edge belongs; empty when a zone names it already
     * @param addresses where its link is; empty for those of the zone
     * @param former what to do when the edge has a key already
     */
    public record Wish(
            EdgeName edge, Optional<ZoneName> zone, List<HostPort> addresses, Duration valid, Former former) {
        public Wish {
            addresses = List.copyOf(addresses);
        }
    }

    /** What happens to a key that an edge has already. */
    public enum Former {
        /** It counts: the enrolment is refused. */
        KEEP,
        /** It counts no more once the new one is there. */
        REPLACE
    }

    /** How far an enrolment is. */
    public enum State {
        WAITING,
        ENROLLED,
        /** Somebody else than the edge answers at its addresses, again and again. */
        REFUSED,
        EXPIRED,
        /** Another enrolment of this edge came after it, or an operator took it back. */
        TAKEN_BACK
    }

    /** An enrolment for people, without its code. */
    public record View(
            EdgeName edge,
            ZoneName zone,
            List<HostPort> addresses,
            State state,
            String text,
            Instant until,
            String by) {}

    /** @param pause between two tries at an address */
    public EdgeEnrolments(EdgeLinks links, ObjectStore objects, Zones zones, InstantSource clock, Duration pause) {
        this.links = links;
        this.objects = objects;
        this.zones = zones;
        this.clock = clock;
        this.pause = pause;
    }

    /** A code that has just been made, to be shown this once. */
    public record Begun(String code, View view) {}

    /**
     * Makes a code and begins to look for the edge that is started with it.
     *
     * @throws SeraiException {@code INVALID} or {@code CONFLICT} with the mend
     */
    public Begun begin(Wish wish, String by) {
        if (wish.valid().compareTo(SHORTEST) < 0 || wish.valid().compareTo(LONGEST) > 0) {
            throw new SeraiException(ErrorCode.INVALID, "A code is valid for 1 minute to 24 hours");
        }
        Zone zone = zone(wish);
        Optional<Zone.Edge> known = zone.edge(wish.edge());
        List<HostPort> addresses =
                wish.addresses().isEmpty() ? known.map(Zone.Edge::addresses).orElse(List.of()) : wish.addresses();
        if (addresses.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The zone " + zone.name() + " does not say where the edge " + wish.edge()
                            + " is; give its address: --address HOST:PORT");
        }
        boolean hasKey = known.filter(edge -> !edge.pins().isEmpty()).isPresent();
        if (hasKey && wish.former() == Former.KEEP) {
            throw new SeraiException(
                    ErrorCode.CONFLICT,
                    "The edge " + wish.edge() + " is enrolled already; --replace enrols it anew, and its present key"
                            + " counts no more then");
        }
        EnrolmentCode code = EnrolmentCode.random();
        Enrolment enrolment = new Enrolment(
                wish.edge(),
                zone.name(),
                addresses,
                clock.instant().plus(wish.valid()),
                by,
                new Enroller(links.identity(), code));
        synchronized (all) {
            add(enrolment);
        }
        LOG.warn("{} began to enrol the edge {} of the zone {} at {}", by, wish.edge(), zone.name(), addresses);
        dialling.execute(enrolment::run);
        return new Begun(code.reveal(), enrolment.view());
    }

    private void add(Enrolment fresh) {
        long open = all.values().stream().filter(Enrolment::isOpen).count();
        if (open >= MOST_OPEN) {
            throw new SeraiException(
                    ErrorCode.BUSY, MOST_OPEN + " edges are being enrolled already; wait, or take one back");
        }
        Enrolment former = all.put(fresh.edge, fresh);
        if (former != null) {
            former.end(State.TAKEN_BACK, "another code was made");
        }
        if (all.size() > MOST_KEPT) {
            all.values().removeIf(enrolment -> !enrolment.isOpen());
        }
    }

    private Zone zone(Wish wish) {
        Optional<Zone> holding = objects.all(Zone.class).stream()
                .filter(zone -> zone.edge(wish.edge()).isPresent())
                .findFirst();
        if (wish.zone().isEmpty()) {
            return holding.orElseThrow(() -> new SeraiException(
                    ErrorCode.INVALID,
                    "No zone names the edge " + wish.edge() + "; give its zone and address: --zone ZONE --address"
                            + " HOST:PORT"));
        }
        ZoneName name = wish.zone().get();
        if (holding.isPresent() && !holding.get().name().equals(name)) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The edge " + wish.edge() + " belongs to the zone "
                            + holding.get().name() + "; an edge is in one zone");
        }
        return objects.find(Zone.class, name.value())
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT, "There is no zone \"" + name + "\"; apply it first (kind: Zone)"));
    }

    public List<View> list() {
        synchronized (all) {
            return all.values().stream().map(Enrolment::view).toList();
        }
    }

    /** Takes a code back; {@code NO_SUCH_OBJECT} when there is none. */
    public void takeBack(EdgeName edge) {
        Enrolment enrolment;
        synchronized (all) {
            enrolment = all.get(edge);
        }
        if (enrolment == null || !enrolment.end(State.TAKEN_BACK, "an operator took it back")) {
            throw new SeraiException(ErrorCode.NO_SUCH_OBJECT, "The edge " + edge + " is not being enrolled");
        }
    }

    /** Forgets the codes. */
    @Override
    public void close() {
        dialling.shutdownNow();
    }

    /** One code. Its state is guarded by itself. */
    private final class Enrolment implements Runnable {
        private final EdgeName edge;
        private final ZoneName zone;
        private final List<HostPort> addresses;
        private final Instant until;
        private final String by;
        private final Enroller enroller;
        private State state = State.WAITING;
        private String text = "no edge has answered yet";
        private int refusals;
        private boolean confirmed;

        Enrolment(EdgeName edge, ZoneName zone, List<HostPort> addresses, Instant until, String by, Enroller enroller) {
            this.edge = edge;
            this.zone = zone;
            this.addresses = addresses;
            this.until = until;
            this.by = by;
            this.enroller = enroller;
        }

        synchronized View view() {
            return new View(edge, zone, addresses, state, text, until, by);
        }

        synchronized boolean isOpen() {
            return state == State.WAITING;
        }

        /** Whether it was open. */
        synchronized boolean end(State with, String why) {
            if (state != State.WAITING) {
                return false;
            }
            state = with;
            text = why;
            return true;
        }

        /** An edge that has not heard of its enrolment is told until the code expires. */
        private synchronized boolean goesOn() {
            return state == State.WAITING || state == State.ENROLLED && !confirmed;
        }

        private synchronized void note(String what) {
            text = what;
        }

        @Override
        public void run() {
            for (HostPort address : addresses) {
                if (!goesOn()) {
                    return;
                }
                if (!clock.instant().isBefore(until)) {
                    boolean unused = end(State.EXPIRED, "the code has expired");
                    return;
                }
                tryAt(address);
            }
            if (goesOn() && !dialling.isShutdown()) {
                var unused = dialling.schedule(this, pause.toMillis(), TimeUnit.MILLISECONDS);
            }
        }

        private void tryAt(HostPort address) {
            Enroller.Try met;
            try {
                Grant grant = new Grant(links.cluster(), edge.value(), links.servers());
                met = enroller.meet(new InetSocketAddress(address.host(), address.port()), grant, this::record);
            } catch (SeraiException e) {
                note("the key could not be recorded: " + e.text());
                LOG.warn("The key of the edge {} could not be recorded: {}; it is tried again", edge, e.text());
                return;
            }
            switch (met.outcome()) {
                case ENROLLED -> confirm();
                case UNCONFIRMED -> LOG.info("The edge {} has not confirmed its enrolment: {}", edge, met.text());
                case UNREACHABLE -> note(met.text());
                case REFUSED -> refused(address, met.text());
            }
        }

        private synchronized void confirm() {
            confirmed = true;
        }

        private synchronized void refused(HostPort address, String why) {
            refusals++;
            LOG.warn("The enrolment of the edge {} at {} was refused: {}", edge, address, why);
            text = address + ": " + why;
            if (refusals >= REFUSALS_MOST) {
                boolean unused = end(State.REFUSED, refusals + " times at " + address + ": " + why);
            }
        }

        /** The change of the zone is what makes the key count. */
        private void record(Pin pin) {
            synchronized (this) {
                if (!goesOn()) {
                    throw new SeraiException(ErrorCode.CONFLICT, "the code was taken back");
                }
            }
            // Two edges of one zone may come at the same time; whoever is late is refused, and tries again.
            ObjectStore.Versioned seen = objects.get(ObjectKind.ZONE, zone.value())
                    .filter(there -> there.object() instanceof Zone)
                    .orElseThrow(() -> new SeraiException(
                            ErrorCode.NO_SUCH_OBJECT, "the zone " + zone + " is not there any more"));
            Zone now = (Zone) Objects.requireNonNull(seen.object());
            Zone.Edge known = now.edge(edge)
                    .orElseGet(() -> new Zone.Edge(edge, addresses, Set.of(), Optional.empty(), Optional.empty()));
            if (!known.pins().equals(Set.of(pin.hex()))) {
                zones.put(seen, now.with(known.withPins(Set.of(pin.hex()))), by);
            }
            if (end(State.ENROLLED, "it has the key " + pin)) {
                LOG.warn("The edge {} of the zone {} is enrolled; its key is {}", edge, zone, pin);
            }
        }
    }
}
