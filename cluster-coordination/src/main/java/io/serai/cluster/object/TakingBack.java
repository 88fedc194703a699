package io.serai.cluster.object;

import static java.util.stream.Collectors.joining;

import io.serai.cluster.object.ObjectStore.Change;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectKind;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Finds what of a committed change can be taken back so that nothing names what is not there. */
final class TakingBack {
    private final ObjectTables tables;
    private final Function<ConfigObject, Set<Key>> references;

    /** @param references the objects that an object names */
    TakingBack(ObjectTables tables, Function<ConfigObject, Set<Key>> references) {
        this.tables = tables;
        this.references = references;
    }

    /**
     * What to do about a change.
     *
     * @param back the changes that put back what was there before
     * @param kept what stays as it is, a sentence each
     */
    record Plan(List<Change> back, List<String> kept) {
        /** The routes that are gone when this is done. */
        List<String> routesGone() {
            return back.stream()
                    .filter(change -> change.after() == null && change.key().kind() == ObjectKind.ROUTE)
                    .map(change -> change.key().name())
                    .toList();
        }
    }

    private record Obstacle(Key key, String reason) {}

    /** @param known objects at any former revision, which saves reading all */
    Plan plan(Connection connection, ObjectsAtRevision known, long revision) throws SQLException {
        Map<Key, Change> back = new LinkedHashMap<>();
        for (Change made : tables.changesOf(connection, revision)) {
            if (tables.isLatest(connection, made.key(), revision)) {
                back.put(made.key(), new Change(made.key(), made.after(), made.before()));
            }
        }
        Map<Key, ConfigObject> now = new HashMap<>();
        tables.since(connection, known).now().objects().forEach((key, versioned) -> {
            ConfigObject object = versioned.object();
            if (object != null) {
                now.put(key, object);
            }
        });
        List<String> kept = new ArrayList<>();
        Optional<Obstacle> obstacle = obstacle(connection, now, back.values());
        while (obstacle.isPresent()) {
            back.remove(obstacle.get().key());
            kept.add(obstacle.get().reason());
            obstacle = obstacle(connection, now, back.values());
        }
        return new Plan(List.copyOf(back.values()), kept);
    }

    private Optional<Obstacle> obstacle(Connection connection, Map<Key, ConfigObject> now, Collection<Change> back)
            throws SQLException {
        Map<Key, ConfigObject> then = new HashMap<>(now);
        for (Change change : back) {
            ConfigObject former = change.after();
            if (former == null) {
                then.remove(change.key());
            } else {
                then.put(change.key(), former);
            }
        }
        for (Change change : back) {
            ConfigObject former = change.after();
            Optional<String> why = former == null
                    ? whyNotGone(connection, change.key(), then)
                    : references.apply(former).stream()
                            .filter(named -> !then.containsKey(named))
                            .findFirst()
                            .map(named -> "what it was before names " + named + ", which was deleted meanwhile");
            if (why.isPresent()) {
                return Optional.of(new Obstacle(change.key(), change.key() + " stays: " + why.get()));
            }
        }
        return Optional.empty();
    }

    /** The events of a route are parked; those of an account or a site go on, and need it. */
    private Optional<String> whyNotGone(Connection connection, Key key, Map<Key, ConfigObject> then)
            throws SQLException {
        String users = then.values().stream()
                .filter(object -> references.apply(object).contains(key))
                .map(object -> Key.of(object).toString())
                .sorted()
                .collect(joining(", "));
        if (!users.isEmpty()) {
            return Optional.of("it is used by " + users);
        }
        long events = key.kind() == ObjectKind.ROUTE ? 0 : tables.liveEvents(connection, key);
        return events == 0 ? Optional.empty() : Optional.of("it has " + events + " live events");
    }
}
