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
import io.serai.config.name.EdgeName;
import io.serai.config.name.NodeName;
import io.serai.config.name.ZoneName;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesOutcome;
import io.serai.edge.message.FileMessages.FilesState;
import io.serai.edge.message.FileMessages.FilesVersion;
import io.serai.edge.message.RouteFiles;
import io.serai.edge.routefile.RouteFileCheck;
import java.util.List;
import java.util.Map;

/** What this server knows of edges together with the other servers, by the database. Thread-safe. */
public final class EdgeTogether {
    private final NodeName self;
    private final Fence fence;
    private final LinkPins pins;
    private final EdgeReports reports;
    private final EdgeFiles files;
    private volatile Drains drains = new Drains(0, Map.of());

    public EdgeTogether(Database database, NodeName self, Fence fence) {
        this.self = self;
        this.fence = fence;
        this.pins = new LinkPins(database);
        this.reports = new EdgeReports(database);
        this.files = new EdgeFiles(database);
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
        FilesOutcome outcome = switch (answer.outcome()) {
            case STAY -> FilesOutcome.STAY;
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
}
