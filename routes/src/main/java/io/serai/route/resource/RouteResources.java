package io.serai.route.resource;

import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.object.ObjectStore.Change;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.transaction.Participant;
import io.serai.cluster.transaction.PostgresParticipant;
import io.serai.cluster.transaction.Transactions;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.RouteResource;
import io.serai.config.secret.SecretText;
import jakarta.jms.ConnectionFactory;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.camel.spi.BeanRepository;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The resources of route authors as this node uses them: a pool each, made when it is declared and replaced when it
 * changes. Routes find them in Camel's registry by name; what they get there finds the pool of that name whenever it is
 * used, so that routes go on while a resource changes. One that cannot be opened keeps nothing else from running: routes
 * that use it fail with the reason. Safe for use by several threads.
 */
public final class RouteResources implements BeanRepository, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RouteResources.class);
    /** Longer than any transaction: what runs when a resource changes ends on the old pool. */
    private static final Duration GRACE = Duration.ofMinutes(6);
    /** How often a former participant is asked whether something is left, a GRACE apart: for a day. */
    private static final int MOST_ASKED = 240;

    private final Transactions transactions;
    private final String applicationName;
    private final Map<Key, Opened> opened = new ConcurrentHashMap<>();
    private final Map<Key, String> failed = new ConcurrentHashMap<>();
    /** Participants that were replaced or removed, until they have nothing prepared any more. */
    private final Set<Participant> former = ConcurrentHashMap.newKeySet();

    private final ScheduledExecutorService closing = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "close-resources");
        thread.setDaemon(true);
        return thread;
    });

    /** @param applicationName what databases show of this node */
    public RouteResources(Transactions transactions, String applicationName) {
        this.transactions = transactions;
        this.applicationName = applicationName;
    }

    /** One of the two pools is there, by its kind. */
    private record Opened(
            @Nullable Participant participant,
            @Nullable DataSource dataSource,
            @Nullable ConnectionFactory factory,
            AutoCloseable pool) {}

    /** Opens what is declared and follows the changes. */
    public void follow(ObjectStore objects) {
        objects.onChange(changes -> changes.forEach(this::changed));
        objects.all(RouteResource.class).forEach(this::put);
    }

    private void changed(Change change) {
        if (change.after() instanceof RouteResource resource) {
            put(resource);
        } else if (change.before() instanceof RouteResource) {
            failed.remove(change.key());
            retire(opened.remove(change.key()));
        }
    }

    private void put(RouteResource resource) {
        Key key = Key.of(resource);
        try {
            Opened fresh = open(resource);
            failed.remove(key);
            retire(opened.put(key, fresh));
        } catch (RuntimeException e) { // one bad resource must not keep a node, or the other resources, from running
            String reason = e instanceof SeraiException known ? known.text() : e.toString();
            LOG.error("{} cannot be used; routes that need it fail: {}", key, reason);
            failed.put(key, reason);
            retire(opened.remove(key));
        }
    }

    private Opened open(RouteResource resource) {
        requireAddress(resource);
        return resource.kind() == ObjectKind.DATA_SOURCE ? database(resource) : broker(resource);
    }

    /** @throws SeraiException INVALID when what would use the resource does not understand its url */
    public static void requireAddress(RouteResource resource) {
        try {
            if (resource.kind() == ObjectKind.DATA_SOURCE) {
                PostgresParticipant.requireAddress(resource.url());
            } else {
                ArtemisBroker.requireAddress(resource.url());
            }
        } catch (SeraiException e) {
            throw new SeraiException(e.code(), Key.of(resource) + ": url: " + e.text(), e);
        }
    }

    private Opened database(RouteResource resource) {
        DatabaseSettings settings = DatabaseSettings.of(
                        resource.url(),
                        resource.user().orElse(""),
                        resource.password().orElse(new SecretText("")),
                        applicationName)
                .withMaxConnections(Math.max(2, resource.connections()))
                .withSocketTimeout(resource.timeout());
        if (!resource.xa()) {
            PlainDatabase plain = PlainDatabase.open(settings);
            return new Opened(null, plain.dataSource(), null, plain);
        }
        PostgresParticipant participant =
                new PostgresParticipant(word(resource.kind(), resource.objectName()), settings, transactions);
        return new Opened(participant, participant.dataSource(), null, participant);
    }

    private Opened broker(RouteResource resource) {
        String name = word(resource.kind(), resource.objectName());
        ArtemisBroker broker = new ArtemisBroker(name, resource, transactions);
        return new Opened(resource.xa() ? broker : null, null, broker.factory(), broker);
    }

    private void retire(@Nullable Opened old) {
        if (old != null) {
            Participant participant = old.participant();
            if (participant != null) {
                former.add(participant);
                closing.schedule(() -> letGo(participant, 1), GRACE.toSeconds(), TimeUnit.SECONDS);
            }
            closing.schedule(() -> close(old), GRACE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    private static @Nullable Void close(Opened old) throws Exception {
        old.pool().close();
        return null;
    }

    /** No transaction begins at it any more; what is left prepared there, recovery has to settle. */
    private void letGo(Participant old, int asked) {
        try {
            if (!transactions.hasPrepared(old)) {
                former.remove(old);
                return;
            }
        } catch (Exception e) { // away or taken down: it may come back
            LOG.debug("{} does not say what is prepared there", old.identity(), e);
        }
        if (asked < MOST_ASKED) {
            closing.schedule(() -> letGo(old, asked + 1), GRACE.toSeconds(), TimeUnit.SECONDS);
        } else {
            former.remove(old);
            LOG.warn(
                    "{} is not asked any more for what was left prepared there, after a day; if there is something,"
                            + " declare it again under that address, and it is settled",
                    old.identity());
        }
    }

    /**
     * Those that take part in transactions, and former ones that may have something prepared where nobody else looks: not
     * those whose successor has the same address, with another password perhaps.
     */
    public Collection<Participant> participants() {
        Map<String, Participant> all = new LinkedHashMap<>();
        Stream.concat(opened.values().stream().flatMap(one -> Stream.ofNullable(one.participant())), former.stream())
                .forEach(participant -> all.putIfAbsent(participant.identity(), participant));
        return List.copyOf(all.values());
    }

    /** The names of declared resources that cannot be used here. The log says why, and so does a route that uses one. */
    public List<String> unusable() {
        return failed.keySet().stream().map(Key::toString).sorted().toList();
    }

    DataSource dataSource(String name) {
        Opened found = opened.get(new Key(ObjectKind.DATA_SOURCE, name));
        if (found == null || found.dataSource() == null) {
            throw unusable(ObjectKind.DATA_SOURCE, name);
        }
        return found.dataSource();
    }

    ConnectionFactory factory(String name) {
        Opened found = opened.get(new Key(ObjectKind.CONNECTION_FACTORY, name));
        if (found == null || found.factory() == null) {
            throw unusable(ObjectKind.CONNECTION_FACTORY, name);
        }
        return found.factory();
    }

    private SeraiException unusable(ObjectKind kind, String name) {
        String reason = failed.get(new Key(kind, name));
        if (reason != null) {
            return new SeraiException(ErrorCode.INVALID, reason);
        }
        return new SeraiException(
                ErrorCode.NO_SUCH_OBJECT, "There is no " + kind.word() + " \"" + name + "\"; declare it and apply it");
    }

    private static String word(ObjectKind kind, String name) {
        return kind.word() + " " + name;
    }

    // ---- Camel's registry ----

    @Override
    public @Nullable Object lookupByName(String name) {
        if (isDeclared(new Key(ObjectKind.DATA_SOURCE, name))) {
            return new NamedDataSource(name, this);
        }
        return isDeclared(new Key(ObjectKind.CONNECTION_FACTORY, name)) ? new NamedConnectionFactory(name, this) : null;
    }

    private boolean isDeclared(Key key) {
        return opened.containsKey(key) || failed.containsKey(key);
    }

    /** A resource that comes with the same change as its route is found by the route before it is there. */
    @Override
    public <T> @Nullable T lookupByNameAndType(String name, Class<T> type) {
        if (name.startsWith("serai")) {
            return null;
        }
        if (type == DataSource.class) {
            return type.cast(new NamedDataSource(name, this));
        }
        return type == ConnectionFactory.class ? type.cast(new NamedConnectionFactory(name, this)) : null;
    }

    @Override
    public <T> Map<String, T> findByTypeWithName(Class<T> type) {
        return Map.of();
    }

    @Override
    public <T> Set<T> findByType(Class<T> type) {
        return Set.of();
    }

    @Override
    public void close() throws Exception {
        closing.shutdownNow();
        for (Opened one : opened.values()) {
            one.pool().close();
        }
        opened.clear();
    }
}
