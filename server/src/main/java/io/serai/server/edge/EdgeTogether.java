package io.serai.server.edge;

import io.serai.cluster.database.Database;
import io.serai.cluster.edge.EdgeFiles;
import io.serai.cluster.edge.EdgeFiles.Answer;
import io.serai.cluster.edge.EdgeFiles.Base;
import io.serai.cluster.edge.EdgeFiles.Said;
import io.serai.cluster.edge.EdgeReports;
import io.serai.cluster.edge.EdgeReports.Drains;
import io.serai.cluster.edge.LinkPins;
import io.serai.cluster.node.Fence;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.NodeName;
import io.serai.config.name.ZoneName;
import io.serai.config.object.Zone;
import io.serai.edge.message.EdgeMessages.EdgeState.Routes;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesOutcome;
import io.serai.edge.message.FileMessages.FilesState;
import io.serai.edge.message.FileMessages.FilesVersion;
import io.serai.edge.message.RouteFiles;
import io.serai.edge.relay.EdgeAlarms;
import io.serai.edge.routefile.RouteFileCheck;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What this server knows of edges together with the other servers, by the database. Thread-safe. */
public final class EdgeTogether {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeTogether.class);
    private static final long LOG_NANOS = Duration.ofMinutes(1).toNanos();

    private final NodeName self;
    private final Fence fence;
    private final LinkPins pins;
    private final EdgeReports reports;
    private final EdgeFiles files;
    private final EdgeAlarms alarms;
    /** Edges that are known to have no files of their own. */
    private final Set<EdgeName> without = ConcurrentHashMap.newKeySet();
    /** What edges changed too often, as it was told last. */
    private final Map<EdgeName, TooOften> tooOften = new ConcurrentHashMap<>();
    /** The versions that edges were reminded of. */
    private final Map<ZoneName, FilesVersion> reminded = new ConcurrentHashMap<>();

    /** When it was logged is by the clock of {@link System#nanoTime}. */
    private record TooOften(String digest, long loggedNanos) {}

    private volatile Drains drains;
    private volatile Set<EdgeName> linked = Set.of();
    private volatile boolean untidy;

    /** Reads what operators drain, so that no edge hears of this server that it may take partners again. */
    public EdgeTogether(Database database, NodeName self, Fence fence, EdgeAlarms alarms) {
        this.self = self;
        this.fence = fence;
        this.pins = new LinkPins(database);
        this.reports = new EdgeReports(database);
        this.files = new EdgeFiles(database);
        this.alarms = alarms;
        this.drains = reports.drains();
    }

    public LinkPins pins() {
        return pins;
    }

    public EdgeFiles files() {
        return files;
    }

    // ---- drain ----

    /** Which edges operators drain, as it was read last. */
    public Drains drains() {
        return drains;
    }

    /** Reads that anew; whether it has changed. */
    boolean readDrains() {
        long before = drains.revision();
        drains = reports.drains();
        return drains.revision() != before;
    }

    /** Has an edge take no more partners. */
    void drain(EdgeName edge, String by) {
        boolean unused = reports.drain(edge, by);
        boolean changed = readDrains();
    }

    void undrain(EdgeName edge) {
        boolean unused = reports.undrain(edge);
        boolean changed = readDrains();
    }

    // ---- how links are ----

    /** Tells the other servers how this one sees the edges. */
    void report(Map<EdgeName, String> seen) {
        reports.report(self, fence.token(), seen);
    }

    /** What the servers that live say. */
    public List<EdgeReports.Report> reports() {
        return reports.list();
    }

    // ---- route files of edges that have their own ----

    /** Compares an edge's files with those of its zone. What this server would not let through counts as broken. */
    FilesAnswer compare(ZoneName zone, EdgeName edge, FilesState state) {
        List<String> wrong = RouteFileCheck.problems(state.files());
        String problem = state.problem().isEmpty() ? String.join("; ", wrong) : state.problem();
        Answer answer = files.answer(
                zone,
                edge,
                new Said(
                        new Base(state.base().number(), state.base().digest()),
                        state.digest(),
                        state.takes() == FilesState.Takes.AT_ONCE,
                        problem,
                        state.files().texts()));
        if (answer.outcome() == EdgeFiles.Outcome.WAIT) {
            waits(edge, state.digest());
        }
        FilesOutcome outcome = switch (answer.outcome()) {
            case STAY, WAIT -> FilesOutcome.STAY;
            case SAME -> FilesOutcome.SAME;
            case TAKE -> FilesOutcome.TAKE;
            case CONFLICT -> FilesOutcome.CONFLICT;
        };
        return new FilesAnswer(
                outcome,
                new FilesVersion(answer.version().number(), answer.version().digest()),
                new RouteFiles(answer.files()),
                answer.text());
    }

    /**
     * Whether the other edges are to hear at once of what an edge with this state was answered: once of each version, so that
     * nothing that an edge says of itself reminds them more often than versions are made.
     */
    boolean isNews(ZoneName zone, FilesState state, FilesAnswer answer) {
        return answer.outcome() == FilesOutcome.SAME
                && answer.version().number() > state.base().number()
                && state.isChanged()
                && !answer.version().equals(reminded.put(zone, answer.version()));
    }

    /** Counts each, and logs one edge once a minute at most. */
    private void waits(EdgeName edge, String digest) {
        long now = System.nanoTime();
        TooOften before = tooOften.get(edge);
        if (before != null && before.digest().equals(digest)) {
            return;
        }
        long logged = before == null ? now - LOG_NANOS : before.loggedNanos();
        boolean log = now - logged >= LOG_NANOS;
        tooOften.put(edge, new TooOften(digest, log ? now : logged));
        alarms.refused(edge.value(), "route-file-versions");
        if (log) {
            LOG.warn(
                    "The edge {} has changed its route files more than {} times in an hour; they do not get to the others until"
                            + " \"serai edge sync --take {}\" or until the hour is over",
                    edge,
                    EdgeFiles.AUTOMATIC_AN_HOUR,
                    edge);
        }
    }

    /** An edge says who says what it offers; what is known of files that it no longer has is forgotten. */
    void hears(EdgeName edge, Routes routes) {
        if (routes == Routes.OWN) {
            without.remove(edge);
        } else if (without.add(edge)) {
            try {
                files.forget(edge);
            } catch (SeraiException e) {
                without.remove(edge);
                LOG.debug("The route files that {} had are forgotten later", edge, e);
            }
        }
    }

    /** What is known of files of edges that may have none, have no key or are in no zone any more is to be forgotten. */
    void follow(List<Zone> zones) {
        linked = zones.stream()
                .filter(zone -> EdgeOffers.refusal(zone, Routes.OWN).isEmpty())
                .flatMap(zone -> zone.edges().stream())
                .filter(edge -> !edge.pins().isEmpty())
                .map(Zone.Edge::name)
                .collect(Collectors.toUnmodifiableSet());
        untidy = true;
        tidy();
    }

    /** Forgets it now if that is still to be done. */
    void tidy() {
        if (!untidy) {
            return;
        }
        untidy = false; // before it is read who stays: who comes or goes meanwhile is not forgotten
        Set<EdgeName> stay = linked;
        try {
            files.forgetAllBut(stay);
            without.retainAll(stay);
            tooOften.keySet().retainAll(stay);
        } catch (SeraiException e) {
            untidy = true;
            LOG.debug("The route files of edges that are gone are forgotten later", e);
        }
    }
}
