package io.serai.cluster.object;

import static java.util.stream.Collectors.joining;

import io.serai.cluster.object.ObjectStore.Change;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.ConfigObject;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes changes as revisions, inside a transaction of the caller; what may not be deleted is refused. */
final class ChangeWriter {
    static final String CHANNEL = "serai_config";

    private final ObjectTables tables;
    private final Function<ConfigObject, Set<Key>> references;

    /** @param references the objects that an object names, such as the sites that a route delivers to */
    ChangeWriter(ObjectTables tables, Function<ConfigObject, Set<Key>> references) {
        this.tables = tables;
        this.references = references;
    }

    TakingBack takingBack() {
        return new TakingBack(tables, references);
    }

    /** What was written; revision 0 when nothing differs. */
    record Written(long revision, List<Change> changes) {
        static final Written NOTHING = new Written(0, List.of());
    }

    /**
     * Writes what differs from what is in force, as one revision, and wakes the nodes when it commits.
     *
     * @param known objects at any former revision, which saves reading all
     */
    Written write(Connection connection, ObjectsAtRevision known, List<ConfigObject> puts, List<Key> deletes, String by)
            throws SQLException {
        tables.lock(connection);
        ObjectsAtRevision now = tables.since(connection, known).now();
        List<Change> wanted = changes(now, puts, deletes);
        if (wanted.isEmpty()) {
            return Written.NOTHING;
        }
        requireUnused(connection, now, wanted);
        Written written = new Written(tables.write(connection, wanted, by), wanted);
        announce(connection);
        return written;
    }

    /** As {@link #write}, of one object that must be at the version that was seen. */
    Written replace(
            Connection connection, ObjectsAtRevision known, ObjectStore.Versioned seen, ConfigObject put, String by)
            throws SQLException {
        tables.lock(connection);
        long version = tables.since(connection, known)
                .now()
                .find(seen.key())
                .map(ObjectStore.Versioned::version)
                .orElse(0L);
        if (version != seen.version() || !Key.of(put).equals(seen.key())) {
            throw new SeraiException(
                    ErrorCode.CONFLICT,
                    seen.key() + " was changed meanwhile; nothing was changed. Look at it again, then try again");
        }
        return write(connection, known, List.of(put), List.of(), by);
    }

    /** What the puts name must be there, or come with them; it may have been deleted since somebody looked. */
    void requireReferences(Connection connection, ObjectsAtRevision known, List<ConfigObject> puts, List<Key> deletes)
            throws SQLException {
        ObjectsAtRevision now = tables.since(connection, known).now();
        Set<Key> there = new HashSet<>(now.objects().keySet());
        deletes.forEach(there::remove);
        puts.forEach(put -> there.add(Key.of(put)));
        for (ConfigObject put : puts) {
            for (Key named : references.apply(put)) {
                if (!there.contains(named)) {
                    throw new SeraiException(
                            ErrorCode.INVALID,
                            Key.of(put) + " names " + named + ", which was deleted meanwhile; nothing was changed");
                }
            }
        }
    }

    static void announce(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select pg_notify('" + CHANNEL + "', '')")) {
            statement.execute();
        }
    }

    private static List<Change> changes(ObjectsAtRevision now, List<ConfigObject> puts, List<Key> deletes) {
        List<Change> changes = new ArrayList<>();
        for (ConfigObject put : puts) {
            ConfigObject before =
                    now.find(Key.of(put)).map(ObjectStore.Versioned::object).orElse(null);
            if (!put.equals(before)) {
                changes.add(new Change(Key.of(put), before, put));
            }
        }
        for (Key key : deletes) {
            now.find(key)
                    .map(ObjectStore.Versioned::object)
                    .ifPresent(before -> changes.add(new Change(key, before, null)));
        }
        return changes;
    }

    private void requireUnused(Connection connection, ObjectsAtRevision now, List<Change> changes) throws SQLException {
        List<Key> gone = changes.stream()
                .filter(change -> change.after() == null)
                .map(Change::key)
                .toList();
        if (gone.isEmpty()) {
            return;
        }
        List<ConfigObject> remaining = remaining(now, changes);
        for (Key key : gone) {
            String users = remaining.stream()
                    .filter(object -> references.apply(object).contains(key))
                    .map(object -> Key.of(object).toString())
                    .sorted()
                    .collect(joining(", "));
            if (!users.isEmpty()) {
                throw new SeraiException(
                        ErrorCode.OBJECT_IN_USE,
                        key + " is used by " + users + "; nothing was changed. Change or delete its users first");
            }
            long events = tables.liveEvents(connection, key);
            if (events > 0) {
                throw new SeraiException(
                        ErrorCode.OBJECT_IN_USE,
                        key + " has " + events
                                + " live events; nothing was changed. Let them end or cancel them first");
            }
        }
    }

    private static List<ConfigObject> remaining(ObjectsAtRevision now, List<Change> changes) {
        Set<Key> changed = new HashSet<>(changes.stream().map(Change::key).toList());
        Stream<@Nullable ConfigObject> untouched = now.objects().entrySet().stream()
                .filter(entry -> !changed.contains(entry.getKey()))
                .map(entry -> entry.getValue().object());
        return Stream.concat(untouched, changes.stream().map(Change::after))
                .flatMap(Stream::ofNullable)
                .toList();
    }
}
