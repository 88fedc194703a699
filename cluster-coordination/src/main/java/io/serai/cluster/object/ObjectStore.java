package io.serai.cluster.object;

import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectKind;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The configuration objects of the cluster. Readers get an in-memory copy that follows the database; a change is
 * validated as a whole and committed as a whole.
 */
public interface ObjectStore {
    <T extends ConfigObject> Optional<T> find(Class<T> type, String name);

    <T extends ConfigObject> List<T> all(Class<T> type);

    /** With its version and who changed it when. */
    Optional<Versioned> get(ObjectKind kind, String name);

    List<Versioned> list(Optional<ObjectKind> kind);

    List<Versioned> history(ObjectKind kind, String name);

    /**
     * Commits changes as one revision: objects to put, objects to delete. Puts that change nothing are left out.
     * Deleting what another object names is refused with {@code OBJECT_IN_USE} and the users' names.
     *
     * @return what really changed
     */
    List<Change> change(List<ConfigObject> puts, List<Key> deletes, String by);

    /** Called after each committed change, in order, with what changed, on every node. */
    void onChange(Consumer<List<Change>> listener);

    record Key(ObjectKind kind, String name) {}

    /** An object as it stands or stood; the object is null where a history entry is its deletion. */
    record Versioned(Key key, @Nullable ConfigObject object, long version, Instant changedAt, String changedBy) {}

    record Change(
            Key key,
            @Nullable ConfigObject before,
            @Nullable ConfigObject after) {}
}
