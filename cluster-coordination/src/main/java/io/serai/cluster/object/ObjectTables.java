package io.serai.cluster.object;

import io.serai.cluster.object.ObjectStore.Change;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.object.ObjectStore.Versioned;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The tables of configuration objects: what they were, what changed since a revision, and how a change is written. */
final class ObjectTables {
    /** One number for all nodes: changes of configuration take turns in the whole cluster. */
    private static final String ONE_CHANGE_AT_A_TIME = "select pg_advisory_xact_lock(7315801)";

    private static final String LOAD = """
            select latest.revision as latest, o.kind, o.name, o.version, o.spec, o.changed_at, o.changed_by
              from (select coalesce(max(revision), 0) as revision from config_history) latest
                   left join config_object o on true
            """;

    private static final String LOOK = """
            select coalesce((select max(revision) from config_history), 0),
                   (select max(id) from config_proposal where state in ('voting', 'settling'))
            """;

    private static final String OF_REVISION = """
            select h.kind, h.name, h.version, h.revision, h.change, h.spec, h.changed_at, h.changed_by,
                   b.spec as before
              from config_history h
                   left join config_history b on b.kind = h.kind and b.name = h.name and b.version = h.version - 1
             where h.revision = ? order by h.kind, h.name
            """;

    private static final String SINCE = """
            select kind, name, version, revision, change, spec, changed_at, changed_by
              from config_history where revision > ? order by revision, kind, name
            """;

    private static final String HISTORY = """
            select kind, name, version, revision, change, spec, changed_at, changed_by
              from config_history where kind = ? and name = ? order by version desc
            """;

    private static final String PUT = """
            insert into config_object (kind, name, version, revision, spec, changed_by)
            values (?, ?, ?, ?, ?::jsonb, ?)
            on conflict (kind, name) do update
               set version = excluded.version, revision = excluded.revision, spec = excluded.spec,
                   changed_by = excluded.changed_by, changed_at = clock_timestamp()
            """;

    private static final String DELETE = "delete from config_object where kind = ? and name = ?";

    private static final String RECORD = """
            insert into config_history (kind, name, version, revision, change, spec, changed_by)
            values (?, ?, ?, ?, ?, ?::jsonb, ?)
            """;

    private static final String NEXT_VERSION =
            "select coalesce(max(version), 0) + 1 from config_history where kind = ? and name = ?";

    private static final String LIVE_EVENTS_OF_ROUTE = "select count(*) from event where route_id = ?";

    /** The owner of a pull's events is a site, that of all others an account. */
    private static final String LIVE_EVENTS_OF_OWNER =
            "select count(*) from event where account = ? and (kind = 'pull') = ?";

    private final ObjectJson json;

    ObjectTables(ObjectJson json) {
        this.json = json;
    }

    /** What followed a revision: the objects now, and the changes of each revision in order. */
    record Progress(ObjectsAtRevision now, SortedMap<Long, List<Change>> changes) {}

    void lock(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ONE_CHANGE_AT_A_TIME)) {
            statement.execute();
        }
    }

    long latestRevision(Connection connection) throws SQLException {
        return number(connection, "select coalesce(max(revision), 0) from config_history");
    }

    /** The newest revision and the open proposal, by one small statement. */
    JdbcObjectStore.Look look(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LOOK);
                ResultSet row = statement.executeQuery()) {
            row.next();
            long revision = row.getLong(1);
            long proposal = row.getLong(2);
            return new JdbcObjectStore.Look(revision, row.wasNull() ? OptionalLong.empty() : OptionalLong.of(proposal));
        }
    }

    /** What a revision changed, with what was there before. */
    List<Change> changesOf(Connection connection, long revision) throws SQLException {
        List<Change> changes = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(OF_REVISION)) {
            statement.setLong(1, revision);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Versioned after = versioned(rows);
                    String before = rows.getString("before");
                    Key key = after.key();
                    changes.add(new Change(
                            key, before == null ? null : json.read(key.kind(), key.name(), before), after.object()));
                }
            }
        }
        return changes;
    }

    /** All objects and the revision that they stand at, read by one statement. */
    ObjectsAtRevision load(Connection connection) throws SQLException {
        Map<Key, Versioned> objects = new HashMap<>();
        long revision = 0;
        try (PreparedStatement statement = connection.prepareStatement(LOAD);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                revision = rows.getLong("latest");
                if (rows.getString("kind") != null) {
                    Versioned each = versioned(rows);
                    objects.put(each.key(), each);
                }
            }
        }
        return new ObjectsAtRevision(revision, objects);
    }

    Optional<ConfigObject> one(Connection connection, Key key) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select spec from config_object where kind = ? and name = ?")) {
            statement.setString(1, key.kind().name());
            statement.setString(2, key.name());
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(json.read(key.kind(), key.name(), row.getString(1))) : Optional.empty();
            }
        }
    }

    Progress since(Connection connection, ObjectsAtRevision before) throws SQLException {
        Map<Key, Versioned> objects = new HashMap<>(before.objects());
        SortedMap<Long, List<Change>> changes = new TreeMap<>();
        long revision = before.revision();
        try (PreparedStatement statement = connection.prepareStatement(SINCE)) {
            statement.setLong(1, before.revision());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    revision = rows.getLong("revision");
                    Versioned now = versioned(rows);
                    Versioned earlier = now.object() == null ? objects.remove(now.key()) : objects.put(now.key(), now);
                    ConfigObject former = earlier == null ? null : earlier.object();
                    changes.computeIfAbsent(revision, r -> new ArrayList<>())
                            .add(new Change(now.key(), former, now.object()));
                }
            }
        }
        return new Progress(new ObjectsAtRevision(revision, objects), changes);
    }

    List<Versioned> history(Connection connection, Key key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(HISTORY)) {
            statement.setString(1, key.kind().name());
            statement.setString(2, key.name());
            try (ResultSet rows = statement.executeQuery()) {
                List<Versioned> history = new ArrayList<>();
                while (rows.next()) {
                    history.add(versioned(rows));
                }
                return history;
            }
        }
    }

    /** Writes changes as one revision and returns its number. */
    long write(Connection connection, List<Change> changes, String by) throws SQLException {
        long revision = number(connection, "select nextval('config_revision')");
        for (Change change : changes) {
            long version = nextVersion(connection, change.key());
            ConfigObject after = change.after();
            String spec = after == null ? null : json.write(after);
            if (spec == null) {
                delete(connection, change.key());
            } else {
                put(connection, change.key(), version, revision, spec, by);
            }
            record(connection, change, version, revision, spec, by);
        }
        return revision;
    }

    private static void put(Connection connection, Key key, long version, long revision, String spec, String by)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(PUT)) {
            statement.setString(1, key.kind().name());
            statement.setString(2, key.name());
            statement.setLong(3, version);
            statement.setLong(4, revision);
            statement.setString(5, spec);
            statement.setString(6, by);
            statement.executeUpdate();
        }
    }

    private static void delete(Connection connection, Key key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(DELETE)) {
            statement.setString(1, key.kind().name());
            statement.setString(2, key.name());
            statement.executeUpdate();
        }
    }

    private static void record(
            Connection connection, Change change, long version, long revision, @Nullable String spec, String by)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RECORD)) {
            statement.setString(1, change.key().kind().name());
            statement.setString(2, change.key().name());
            statement.setLong(3, version);
            statement.setLong(4, revision);
            statement.setString(5, spec == null ? "deleted" : change.before() == null ? "created" : "updated");
            statement.setString(6, spec);
            statement.setString(7, by);
            statement.executeUpdate();
        }
    }

    private static long nextVersion(Connection connection, Key key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NEXT_VERSION)) {
            statement.setString(1, key.kind().name());
            statement.setString(2, key.name());
            return number(statement);
        }
    }

    static boolean holdsAny(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select exists (select 1 from config_object)");
                ResultSet row = statement.executeQuery()) {
            return row.next() && row.getBoolean(1);
        }
    }

    /** Writes every stored secret anew, present and former ones; the number of rows. */
    int encryptAnew(Connection connection) throws SQLException {
        return encryptAnew(
                        connection,
                        "select kind, name, version, spec from config_object where spec is not null",
                        "update config_object set spec = ?::jsonb where kind = ? and name = ? and version = ?")
                + encryptAnew(
                        connection,
                        "select kind, name, version, spec from config_history where spec is not null",
                        "update config_history set spec = ?::jsonb where kind = ? and name = ? and version = ?");
    }

    private int encryptAnew(Connection connection, String fixedSelect, String fixedUpdate) throws SQLException {
        int written = 0;
        try (PreparedStatement select = connection.prepareStatement(fixedSelect);
                PreparedStatement update = connection.prepareStatement(fixedUpdate);
                ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
                String kind = rows.getString(1);
                String name = rows.getString(2);
                ConfigObject object = json.read(ObjectKind.valueOf(kind), name, rows.getString(4));
                update.setString(1, json.write(object));
                update.setString(2, kind);
                update.setString(3, name);
                update.setLong(4, rows.getLong(3));
                written += update.executeUpdate();
            }
        }
        return written;
    }

    /** How many live events belong to an object; what has none would leave them without a home. */
    long liveEvents(Connection connection, Key key) throws SQLException {
        return switch (key.kind()) {
            case ROUTE -> {
                try (PreparedStatement statement = connection.prepareStatement(LIVE_EVENTS_OF_ROUTE)) {
                    statement.setString(1, key.name());
                    yield number(statement);
                }
            }
            case ACCOUNT, SITE -> {
                try (PreparedStatement statement = connection.prepareStatement(LIVE_EVENTS_OF_OWNER)) {
                    statement.setString(1, key.name());
                    statement.setBoolean(2, key.kind() == ObjectKind.SITE);
                    yield number(statement);
                }
            }
            case SCHEDULE, CALENDAR, LIBRARY, NODE, ZONE, DATA_SOURCE, CONNECTION_FACTORY -> 0;
        };
    }

    /** Whether this revision was the last to change the object. */
    boolean isLatest(Connection connection, Key key, long revision) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "select count(*) from config_history where kind = ? and name = ? and revision > ?")) {
            statement.setString(1, key.kind().name());
            statement.setString(2, key.name());
            statement.setLong(3, revision);
            return number(statement) == 0;
        }
    }

    boolean isCommitted(Connection connection, long revision) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select count(*) from config_history where revision = ?")) {
            statement.setLong(1, revision);
            return number(statement) > 0;
        }
    }

    private Versioned versioned(ResultSet row) throws SQLException {
        Key key = new Key(ObjectKind.valueOf(row.getString("kind")), row.getString("name"));
        String spec = row.getString("spec");
        return new Versioned(
                key,
                spec == null ? null : json.read(key.kind(), key.name(), spec),
                row.getLong("version"),
                row.getObject("changed_at", OffsetDateTime.class).toInstant(),
                row.getString("changed_by"));
    }

    private static long number(Connection connection, String fixedSql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(fixedSql)) {
            return number(statement);
        }
    }

    private static long number(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }
}
