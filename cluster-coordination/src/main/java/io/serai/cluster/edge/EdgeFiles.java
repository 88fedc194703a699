package io.serai.cluster.edge;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.ZoneName;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The route files of zones whose edges have their own, in versions. An edge whose files were those of the newest version and
 * have changed makes the next one. When another edge was faster, both keep what they have until an operator says which
 * counts: nothing is overwritten that nobody has seen.
 */
public final class EdgeFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<TreeMap<String, String>> TEXTS = new TypeReference<>() {};
    private static final int VERSIONS_KEPT = 100;

    /** So many versions an edge makes of itself in an hour; its further changes wait for an operator, or for the hour's end. */
    public static final int AUTOMATIC_AN_HOUR = 6;

    private final Database database;

    public EdgeFiles(Database database) {
        this.database = database;
    }

    /** A version of a zone's files; number 0 and no digest for none. */
    public record Base(long number, String digest) {}

    /**
     * What an edge says that it has.
     *
     * @param base the version that its files were last the same as
     * @param automatic whether its changes become versions, and it takes those of others, without an operator
     * @param problem why its files are not in force; they are not compared then
     * @param files what is in them, if they have changed
     */
    public record Said(Base base, String digest, boolean automatic, String problem, SortedMap<String, String> files) {
        boolean isChanged() {
            return !digest.equals(base.digest());
        }
    }

    /** What an edge is to do. */
    public enum Outcome {
        STAY,
        /** As STAY, because it has made too many versions of itself. */
        WAIT,
        SAME,
        TAKE,
        CONFLICT
    }

    /** @param version the newest one; its files are given with TAKE only */
    public record Answer(Outcome outcome, Base version, SortedMap<String, String> files, String text) {}

    /** How an edge's files are. */
    public enum State {
        SAME,
        /** It has not taken the newest version yet. */
        BEHIND,
        /** It waits for an operator who says that its files are to be the next version. */
        CHANGED,
        CONFLICT,
        /** They cannot be put in force. */
        BROKEN
    }

    /** A version, without its files. */
    public record Version(long number, String digest, EdgeName edge, boolean ordered, String by, Instant at) {}

    /** @param files those that differ from its version; empty when they do not */
    public record At(
            EdgeName edge,
            ZoneName zone,
            long version,
            String digest,
            State state,
            String problem,
            SortedMap<String, String> files,
            Instant at) {}

    /** A version with all that decides. */
    private record Row(Version version, List<String> overruled) {}

    // ---- what edges say ----

    /** Compares, makes a version if there is to be one, and records how the edge's files are. */
    public Answer answer(ZoneName zone, EdgeName edge, Said said) {
        return database.transaction(connection -> {
            lock(connection, zone);
            List<Row> versions = versions(connection, zone);
            Optional<Row> newest = versions.isEmpty() ? Optional.empty() : Optional.of(versions.get(0));
            Base latest = newest.map(row ->
                            new Base(row.version().number(), row.version().digest()))
                    .orElse(new Base(0, ""));
            Decision decision = decide(versions, latest, said);
            if (decision == Decision.PROMOTE && madeOfItself(connection, zone, edge) >= AUTOMATIC_AN_HOUR) {
                decision = Decision.TOO_OFTEN;
            }
            Base version = latest;
            if (decision == Decision.PROMOTE) {
                version = new Base(latest.number() + 1, said.digest());
                insert(
                        connection,
                        zone,
                        new Fresh(version, said.files(), edge, false, List.of(), edge + ", automatically"));
            }
            record(connection, zone, edge, said, decision, version);
            return switch (decision) {
                case SAME, PROMOTE -> new Answer(Outcome.SAME, version, new TreeMap<>(), "");
                case TAKE -> new Answer(Outcome.TAKE, version, files(connection, zone, version.number()), "");
                case BEHIND, CHANGED, BROKEN -> new Answer(Outcome.STAY, version, new TreeMap<>(), "");
                case TOO_OFTEN -> new Answer(Outcome.WAIT, version, new TreeMap<>(), "");
                case CONFLICT ->
                    new Answer(
                            Outcome.CONFLICT,
                            version,
                            new TreeMap<>(),
                            conflict(newest.orElseThrow().version(), said));
            };
        });
    }

    private enum Decision {
        SAME(State.SAME),
        PROMOTE(State.SAME),
        TAKE(State.BEHIND),
        BEHIND(State.BEHIND),
        CHANGED(State.CHANGED),
        TOO_OFTEN(State.CHANGED),
        CONFLICT(State.CONFLICT),
        BROKEN(State.BROKEN);

        private final State state;

        Decision(State state) {
            this.state = state;
        }
    }

    /** @param versions the newest first */
    private static Decision decide(List<Row> versions, Base latest, Said said) {
        if (!said.problem().isEmpty()) {
            return Decision.BROKEN;
        }
        if (said.digest().equals(latest.digest())) {
            return Decision.SAME;
        }
        if (versions.isEmpty()) {
            return said.automatic() ? Decision.PROMOTE : Decision.CHANGED;
        }
        List<Row> later = versions.stream()
                .filter(row -> row.version().number() > said.base().number())
                .toList();
        boolean ordered = later.stream().anyMatch(row -> row.version().ordered());
        boolean knowsBase = said.base().number() == 0
                || versions.stream()
                        .anyMatch(row -> row.version().number() == said.base().number()
                                && row.version().digest().equals(said.base().digest()));
        if (!said.isChanged() && knowsBase) {
            return said.automatic() || ordered ? Decision.TAKE : Decision.BEHIND;
        }
        if (later.stream().anyMatch(row -> row.overruled().contains(said.digest()))) {
            return Decision.TAKE;
        }
        if (said.base().equals(latest)) {
            // A folder that is empty all at once may be a disk that is not mounted.
            return said.automatic() && !said.digest().isEmpty() ? Decision.PROMOTE : Decision.CHANGED;
        }
        return Decision.CONFLICT;
    }

    private static String conflict(Version newest, Said said) {
        return "its route files were changed, and so were those of " + newest.edge() + " (version " + newest.number()
                + "; these here began with version " + said.base().number()
                + "): nothing is overwritten. Look with \"serai edge sync --diff\" and say which count: \"serai edge sync"
                + " --take EDGE\"";
    }

    private static int madeOfItself(Connection connection, ZoneName zone, EdgeName edge) throws SQLException {
        String sql = """
                select count(*) from edge_files
                where zone = ? and edge = ? and not ordered and made_at > clock_timestamp() - interval '1 hour'""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, zone.value());
            statement.setString(2, edge.value());
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getInt(1) : 0;
            }
        }
    }

    /** An edge that has no files of its own any more. */
    public void forget(EdgeName edge) {
        database.execute(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("delete from edge_files_at where edge = ?")) {
                statement.setString(1, edge.value());
                int unused = statement.executeUpdate();
            }
        });
    }

    /** Edges that are not among these are gone. */
    public void forgetAllBut(Collection<EdgeName> edges) {
        database.execute(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("delete from edge_files_at where edge <> all (?)")) {
                statement.setArray(
                        1,
                        connection.createArrayOf(
                                "text", edges.stream().map(EdgeName::value).toArray()));
                int unused = statement.executeUpdate();
            }
        });
    }

    // ---- what operators say ----

    /** The newest version of a zone; empty when there is none. */
    public Optional<Version> newest(ZoneName zone) {
        return database.statement(connection ->
                versions(connection, zone).stream().map(Row::version).findFirst());
    }

    /** The files of the newest version. */
    public SortedMap<String, String> newestFiles(ZoneName zone) {
        return database.read(connection -> {
            List<Row> versions = versions(connection, zone);
            return versions.isEmpty()
                    ? new TreeMap<>()
                    : files(connection, zone, versions.get(0).version().number());
        });
    }

    /** The files of a version; empty when it is not kept any more. */
    public Optional<SortedMap<String, String>> files(ZoneName zone, long version) {
        return database.read(connection -> {
            boolean kept = versions(connection, zone).stream()
                    .anyMatch(row -> row.version().number() == version);
            return kept ? Optional.of(files(connection, zone, version)) : Optional.empty();
        });
    }

    /** How the files of all edges are that have their own. */
    public List<At> list() {
        return database.statement(connection -> {
            try (PreparedStatement statement =
                            connection.prepareStatement("select * from edge_files_at order by edge");
                    ResultSet rows = statement.executeQuery()) {
                List<At> all = new ArrayList<>();
                while (rows.next()) {
                    all.add(at(rows));
                }
                return all;
            }
        });
    }

    /**
     * Makes an edge's files the next version, which the others take even where they differ now; what they change later is
     * not overwritten.
     *
     * @throws SeraiException {@code NO_SUCH_OBJECT} when the edge has no files of its own, {@code CONFLICT} when they cannot be taken
     */
    public Version take(EdgeName edge, String by) {
        return database.transaction(connection -> {
            At first = find(connection, edge);
            lock(connection, first.zone());
            At source = find(connection, edge);
            if (source.state() == State.BROKEN) {
                throw new SeraiException(
                        ErrorCode.CONFLICT,
                        "The route files of " + edge + " cannot be put in force even there: " + source.problem());
            }
            ZoneName zone = source.zone();
            List<Row> versions = versions(connection, zone);
            long next = versions.isEmpty() ? 1 : versions.get(0).version().number() + 1;
            SortedMap<String, String> files =
                    source.files().isEmpty() && !source.digest().isEmpty()
                            ? files(connection, zone, source.version())
                            : source.files();
            insert(
                    connection,
                    zone,
                    new Fresh(new Base(next, source.digest()), files, edge, true, digests(connection, zone, edge), by));
            return versions(connection, zone).get(0).version();
        });
    }

    private static At find(Connection connection, EdgeName edge) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select * from edge_files_at where edge = ?")) {
            statement.setString(1, edge.value());
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw new SeraiException(
                            ErrorCode.NO_SUCH_OBJECT,
                            "The edge " + edge + " has no route files of its own, or has not been heard of yet");
                }
                return at(rows);
            }
        }
    }

    // ---- rows ----

    /** Changes of one zone follow one another. */
    private static void lock(Connection connection, ZoneName zone) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select pg_advisory_xact_lock(1397048140, hashtext(?))")) {
            statement.setString(1, zone.value());
            statement.executeQuery().close();
        }
    }

    private static List<Row> versions(Connection connection, ZoneName zone) throws SQLException {
        String sql = """
                select version, digest, edge, ordered, overruled, made_by, made_at from edge_files
                where zone = ? order by version desc""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, zone.value());
            try (ResultSet rows = statement.executeQuery()) {
                List<Row> all = new ArrayList<>();
                while (rows.next()) {
                    Array overruled = rows.getArray("overruled");
                    all.add(new Row(
                            new Version(
                                    rows.getLong("version"),
                                    rows.getString("digest"),
                                    new EdgeName(rows.getString("edge")),
                                    rows.getBoolean("ordered"),
                                    rows.getString("made_by"),
                                    rows.getTimestamp("made_at").toInstant()),
                            List.of((String[]) overruled.getArray())));
                }
                return all;
            }
        }
    }

    private static SortedMap<String, String> files(Connection connection, ZoneName zone, long version)
            throws SQLException {
        String sql = "select files from edge_files where zone = ? and version = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, zone.value());
            statement.setLong(2, version);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw new SeraiException(
                            ErrorCode.NO_SUCH_OBJECT,
                            "Version " + version + " of the route files of the zone " + zone + " is not kept any more");
                }
                return texts(rows.getString(1));
            }
        }
    }

    /** The digests that the other edges of a zone have. */
    private static List<String> digests(Connection connection, ZoneName zone, EdgeName butNot) throws SQLException {
        String sql = "select distinct digest from edge_files_at where zone = ? and edge <> ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, zone.value());
            statement.setString(2, butNot.value());
            try (ResultSet rows = statement.executeQuery()) {
                List<String> digests = new ArrayList<>();
                while (rows.next()) {
                    digests.add(rows.getString(1));
                }
                return digests;
            }
        }
    }

    private record Fresh(
            Base version,
            SortedMap<String, String> files,
            EdgeName edge,
            boolean ordered,
            List<String> overruled,
            String by) {}

    private static void insert(Connection connection, ZoneName zone, Fresh fresh) throws SQLException {
        String sql = """
                insert into edge_files (zone, version, digest, files, edge, ordered, overruled, made_by)
                values (?, ?, ?, ?::jsonb, ?, ?, ?, ?)""";
        try (PreparedStatement statement = connection.prepareStatement(sql);
                PreparedStatement forget =
                        connection.prepareStatement("delete from edge_files where zone = ? and version <= ?")) {
            statement.setString(1, zone.value());
            statement.setLong(2, fresh.version().number());
            statement.setString(3, fresh.version().digest());
            statement.setString(4, json(fresh.files()));
            statement.setString(5, fresh.edge().value());
            statement.setBoolean(6, fresh.ordered());
            statement.setArray(
                    7, connection.createArrayOf("text", fresh.overruled().toArray()));
            statement.setString(8, fresh.by());
            int unused = statement.executeUpdate();
            forget.setString(1, zone.value());
            forget.setLong(2, fresh.version().number() - VERSIONS_KEPT);
            int alsoUnused = forget.executeUpdate();
        }
    }

    private static void record(
            Connection connection, ZoneName zone, EdgeName edge, Said said, Decision decision, Base version)
            throws SQLException {
        boolean same = decision.state == State.SAME;
        String sql = """
                insert into edge_files_at (edge, zone, version, digest, state, problem, files)
                values (?, ?, ?, ?, ?, ?, ?::jsonb)
                on conflict (edge) do update
                   set zone = excluded.zone, version = excluded.version, digest = excluded.digest,
                       state = excluded.state, problem = excluded.problem, files = excluded.files,
                       reported_at = clock_timestamp()""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, edge.value());
            statement.setString(2, zone.value());
            statement.setLong(3, same ? version.number() : said.base().number());
            statement.setString(4, said.digest());
            statement.setString(5, decision.state.name().toLowerCase(java.util.Locale.ROOT));
            statement.setString(6, said.problem());
            statement.setString(7, same || said.files().isEmpty() ? null : json(said.files()));
            int unused = statement.executeUpdate();
        }
    }

    private static At at(ResultSet rows) throws SQLException {
        @Nullable String files = rows.getString("files");
        return new At(
                new EdgeName(rows.getString("edge")),
                new ZoneName(rows.getString("zone")),
                rows.getLong("version"),
                rows.getString("digest"),
                State.valueOf(rows.getString("state").toUpperCase(java.util.Locale.ROOT)),
                rows.getString("problem"),
                files == null ? new TreeMap<>() : texts(files),
                rows.getTimestamp("reported_at").toInstant());
    }

    private static String json(SortedMap<String, String> files) {
        try {
            return JSON.writeValueAsString(files);
        } catch (JsonProcessingException e) {
            throw new SeraiException(ErrorCode.DEFECT, "Route files could not be written as JSON", e);
        }
    }

    private static SortedMap<String, String> texts(String json) {
        try {
            return JSON.readValue(json, TEXTS);
        } catch (JsonProcessingException e) {
            throw new SeraiException(ErrorCode.DEFECT, "Stored route files cannot be read", e);
        }
    }
}
