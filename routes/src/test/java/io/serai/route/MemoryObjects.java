package io.serai.route;

import io.serai.cluster.object.ObjectStore;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Configuration objects in memory; changes are told to listeners by the changing thread. */
public final class MemoryObjects implements ObjectStore {
    private final Map<String, ConfigObject> objects = new TreeMap<>();
    private final List<Consumer<List<Change>>> listeners = new CopyOnWriteArrayList<>();

    /** Puts objects, as an operator would. */
    public MemoryObjects put(ConfigObject... puts) {
        change(List.of(puts), List.of(), "test");
        return this;
    }

    public void delete(ObjectKind kind, String name) {
        change(List.of(), List.of(new Key(kind, name)), "test");
    }

    @Override
    public synchronized <T extends ConfigObject> Optional<T> find(Class<T> type, String name) {
        return objects.values().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .filter(object -> object.objectName().equals(name))
                .findFirst();
    }

    @Override
    public synchronized <T extends ConfigObject> List<T> all(Class<T> type) {
        return objects.values().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    @Override
    public List<Change> replace(Versioned seen, ConfigObject put, String by) {
        return change(List.of(put), List.of(), by);
    }

    @Override
    public Optional<Versioned> get(ObjectKind kind, String name) {
        return list(Optional.of(kind)).stream()
                .filter(object -> object.key().name().equals(name))
                .findFirst();
    }

    @Override
    public synchronized List<Versioned> list(Optional<ObjectKind> kind) {
        return objects.values().stream()
                .filter(object -> kind.isEmpty() || object.kind() == kind.get())
                .map(object ->
                        new Versioned(new Key(object.kind(), object.objectName()), object, 1, Instant.EPOCH, "test"))
                .toList();
    }

    @Override
    public List<Versioned> history(ObjectKind kind, String name) {
        return get(kind, name).stream().toList();
    }

    @Override
    public List<Change> change(List<ConfigObject> puts, List<Key> deletes, String by) {
        List<Change> changes = new ArrayList<>();
        synchronized (this) {
            for (ConfigObject put : puts) {
                ConfigObject before = objects.put(put.kind() + "/" + put.objectName(), put);
                changes.add(new Change(new Key(put.kind(), put.objectName()), before, put));
            }
            for (Key key : deletes) {
                ConfigObject before = objects.remove(key.kind() + "/" + key.name());
                changes.add(new Change(key, before, null));
            }
        }
        listeners.forEach(listener -> listener.accept(changes));
        return changes;
    }

    @Override
    public void onChange(Consumer<List<Change>> listener) {
        listeners.add(listener);
    }
}
