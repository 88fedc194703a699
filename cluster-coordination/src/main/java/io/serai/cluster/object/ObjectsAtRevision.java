package io.serai.cluster.object;

import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.object.ObjectStore.Versioned;
import java.util.Map;
import java.util.Optional;

/** All objects as they were after one revision. */
record ObjectsAtRevision(long revision, Map<Key, Versioned> objects) {
    static final ObjectsAtRevision NONE = new ObjectsAtRevision(0, Map.of());

    ObjectsAtRevision {
        objects = Map.copyOf(objects);
    }

    Optional<Versioned> find(Key key) {
        return Optional.ofNullable(objects.get(key));
    }
}
