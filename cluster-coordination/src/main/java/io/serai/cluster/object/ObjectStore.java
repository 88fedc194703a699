package io.serai.cluster.object;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
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

    /** What the object was, newest first, deletions included. */
    List<Versioned> history(ObjectKind kind, String name);

    /**
     * Commits changes as one revision: objects to put, objects to delete. Puts that change nothing and deletes of what is
     * not there are left out. Deleting what another object names, or what live events belong to, is refused with
     * {@code OBJECT_IN_USE} and the users' names or the number of events; nothing is changed then. When this returns,
     * the readers and listeners of this node have the change.
     *
     * @return what really changed
     */
    List<Change> change(List<ConfigObject> puts, List<Key> deletes, String by);

    /**
     * Puts an object that was made from what was seen, as {@link #change} does, unless somebody else has changed it since.
     *
     * @throws SeraiException {@code CONFLICT} when it is at another version by now; nothing was changed
     */
    List<Change> replace(Versioned seen, ConfigObject put, String by);

    /**
     * Puts what an object was at a version in force again, as a new version.
     *
     * @return what really changed
     */
    default List<Change> rollback(Key key, long version, String by) {
        ConfigObject then = history(key.kind(), key.name()).stream()
                .filter(each -> each.version() == version)
                .findFirst()
                .map(Versioned::object)
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT,
                        "there is no version " + version + " of " + key
                                + " that could be put in force again; see its history"));
        return change(List.of(then), List.of(), by);
    }

    /** Called after each committed change, in order, with what changed, on every node; one call at a time. */
    void onChange(Consumer<List<Change>> listener);

    record Key(ObjectKind kind, String name) {
        public static Key of(ConfigObject object) {
            return new Key(object.kind(), object.objectName());
        }

        @Override
        public String toString() {
            return kind.word() + " " + name;
        }
    }

    /** An object as it stands or stood; the object is null where a history entry is its deletion. */
    record Versioned(Key key, @Nullable ConfigObject object, long version, Instant changedAt, String changedBy) {}

    record Change(
            Key key,
            @Nullable ConfigObject before,
            @Nullable ConfigObject after) {}
}
