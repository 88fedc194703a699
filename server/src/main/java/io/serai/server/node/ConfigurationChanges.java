package io.serai.server.node;

import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.object.ObjectStore.Change;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.object.SharedChanges;
import io.serai.cluster.object.SharedChanges.Standing;
import io.serai.config.document.CronCheck;
import io.serai.config.document.DocumentFile;
import io.serai.config.document.Documents;
import io.serai.config.document.ObjectDraft;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Account;
import io.serai.config.object.Calendar;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.Library;
import io.serai.config.object.ObjectDiff;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.config.object.RouteResource;
import io.serai.config.object.Schedule;
import io.serai.config.object.Site;
import io.serai.config.secret.GivenSecrets;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretText;
import io.serai.route.deploy.CheckedRoute;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RouteProblem;
import io.serai.route.resource.RouteResources;
import io.serai.server.admin.ObjectsApi;
import io.serai.server.admin.ObjectsApi.Applied;
import io.serai.server.admin.ObjectsApi.Changed;
import io.serai.server.admin.ObjectsApi.Mode;
import io.serai.server.admin.ObjectsApi.NodeState;
import io.serai.server.edge.ZoneChecks;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quartz.CronExpression;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes of configuration objects: everything is read and checked before anything is changed; a change of what runs
 * comes into force on every node or on none. Changes of what runs follow one another, and so do the others; neither waits for
 * the other.
 */
final class ConfigurationChanges implements ObjectsApi.Changes {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigurationChanges.class);

    /** Kinds whose objects run, and may fail to, on each node. */
    private static final Set<ObjectKind> RUNS = Set.of(ObjectKind.ROUTE, ObjectKind.LIBRARY);

    private final ObjectStore objects;
    private final PasswordHasher hasher;
    private final RouteChecker checker;
    private final SharedChanges shared;
    private final IntSupplier rotation;
    private final ReentrantLock changeOfWhatRuns = new ReentrantLock(true);
    private final ReentrantLock changeOfOthers = new ReentrantLock(true);

    /** @param rotation makes a new key and encrypts the stored secrets under it; the number of objects */
    ConfigurationChanges(
            ObjectStore objects,
            PasswordHasher hasher,
            RouteChecker checker,
            SharedChanges shared,
            IntSupplier rotation) {
        this.objects = objects;
        this.hasher = hasher;
        this.checker = checker;
        this.shared = shared;
        this.rotation = rotation;
    }

    @Override
    public Applied apply(List<DocumentFile> documents, Map<String, SecretText> secrets, Mode mode, String by) {
        List<ObjectDraft> drafts =
                new Documents(new GivenSecrets(secrets), ConfigurationChanges::cronProblem).parse(documents);
        List<Key> keys = drafts.stream().map(draft -> key(draft.object())).toList();
        return inTurn(keys, () -> apply(drafts, mode, by));
    }

    private Applied apply(List<ObjectDraft> drafts, Mode mode, String by) {
        List<ConfigObject> puts = new ArrayList<>();
        for (ObjectDraft draft : drafts) {
            puts.add(draft.complete(stored(key(draft.object())), hasher));
        }
        checkRoutes(puts);
        checkCalendars(puts);
        checkResources(puts);
        ZoneChecks.check(puts, objects);
        return switch (mode) {
            case ONLY_SAY ->
                new Applied(
                        puts.stream()
                                .map(put -> said(key(put), stored(key(put)).orElse(null), put))
                                .flatMap(Optional::stream)
                                .toList(),
                        List.of(),
                        false);
            case CHANGE -> commit(puts, List.of(), by);
        };
    }

    /**
     * Who changes an account must not wait until the nodes have decided about a route. A caller that waited for ever would
     * have been given up by its client, and its change made all the same.
     */
    private <T> T inTurn(List<Key> keys, Supplier<T> change) {
        ReentrantLock turn = isTogether(keys) ? changeOfWhatRuns : changeOfOthers;
        try {
            if (!turn.tryLock(TURN_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new SeraiException(
                        ErrorCode.BUSY,
                        "Another change of the configuration has been under way here for " + TURN_LIMIT.toSeconds()
                                + " s; nothing was changed, try again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SeraiException(ErrorCode.BUSY, "Interrupted before anything was changed; try again", e);
        }
        try {
            return change.get();
        } finally {
            turn.unlock();
        }
    }

    private static boolean isTogether(List<Key> keys) {
        return keys.stream().anyMatch(key -> RUNS.contains(key.kind()));
    }

    @Override
    public Applied delete(List<Key> keys, String by) {
        for (Key key : keys) {
            if (stored(key).isEmpty()) {
                throw new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT, "There is no " + word(key.kind()) + " \"" + key.name() + "\"");
            }
        }
        return inTurn(keys, () -> commit(List.of(), keys, by));
    }

    @Override
    public Applied put(Library library, String by) {
        return inTurn(List.of(key(library)), () -> commit(List.of(library), List.of(), by));
    }

    @Override
    public Applied rollback(Key key, long version, String by) {
        ConfigObject old = objects.history(key.kind(), key.name()).stream()
                .filter(entry -> entry.version() == version)
                .flatMap(entry -> Stream.ofNullable(entry.object()))
                .findFirst()
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT,
                        "There is no version " + version + " of " + word(key.kind()) + " \"" + key.name()
                                + "\" (serai history " + word(key.kind()) + " " + key.name() + ")"));
        checkRoutes(List.of(old));
        checkResources(List.of(old));
        ZoneChecks.check(List.of(old), objects);
        return inTurn(List.of(key), () -> commit(List.of(old), List.of(), by));
    }

    @Override
    public int rotateSecrets(String by) {
        int count = inTurn(List.of(), () -> {
            shared.requireNoOlderNodes("a new key for secrets");
            return rotation.getAsInt();
        });
        LOG.info("{} made a new key for secrets; {} objects were encrypted anew", by, count);
        return count;
    }

    /** What runs on the nodes is changed on all of them or on none; the rest is in force when a node has read it. */
    private Applied commit(List<ConfigObject> puts, List<Key> deletes, String by) {
        shared.requireReadByAll(puts);
        boolean together = isTogether(Stream.concat(puts.stream().map(ConfigurationChanges::key), deletes.stream())
                .toList());
        SharedChanges.Made done = together
                ? shared.make(puts, deletes, by)
                : new SharedChanges.Made(objects.change(puts, deletes, by), Standing.IN_FORCE);
        List<Change> made = done.changes();
        long revision = shared.revision();
        List<NodeState> nodes = made.isEmpty()
                ? List.of()
                : shared.awaitNodes(NODES_PATIENCE).stream()
                        .map(node -> new NodeState(node.node().value(), node.revision() >= revision))
                        .toList();
        List<Changed> changes = made.stream()
                .map(change -> said(change.key(), change.before(), change.after()))
                .flatMap(Optional::stream)
                .toList();
        return new Applied(changes, nodes, done.standing() == Standing.SETTLING);
    }

    /** Routes must be right in themselves, and what they name must be there or come with them. */
    private void checkRoutes(List<ConfigObject> puts) {
        List<RouteProblem> problems = new ArrayList<>();
        for (ConfigObject put : puts) {
            if (put instanceof Route route) {
                CheckedRoute checked = checker.check(route);
                problems.addAll(checked.problems());
                problems.addAll(missing(checked, puts));
            }
        }
        RouteChecker.refuse(problems);
    }

    private List<RouteProblem> missing(CheckedRoute checked, List<ConfigObject> puts) {
        List<RouteProblem> problems = new ArrayList<>();
        checked.references()
                .sites()
                .forEach(site -> require(Site.class, ObjectKind.SITE, site.value(), checked, puts, problems));
        checked.references()
                .accounts()
                .forEach(account ->
                        require(Account.class, ObjectKind.ACCOUNT, account.value(), checked, puts, problems));
        checked.references()
                .schedules()
                .forEach(schedule ->
                        require(Schedule.class, ObjectKind.SCHEDULE, schedule.value(), checked, puts, problems));
        checked.references()
                .dataSources()
                .forEach(name -> require(RouteResource.class, ObjectKind.DATA_SOURCE, name, checked, puts, problems));
        checked.references()
                .connectionFactories()
                .forEach(name ->
                        require(RouteResource.class, ObjectKind.CONNECTION_FACTORY, name, checked, puts, problems));
        return problems;
    }

    /** A schedule without its calendar would fire on holidays, or not at all. */
    private void checkCalendars(List<ConfigObject> puts) {
        for (ConfigObject put : puts) {
            if (put instanceof Schedule schedule && schedule.calendar().isPresent()) {
                String name = schedule.calendar().get().value();
                boolean comesAlong = puts.stream()
                        .anyMatch(other -> other instanceof Calendar calendar
                                && calendar.objectName().equals(name));
                if (!comesAlong && objects.find(Calendar.class, name).isEmpty()) {
                    throw new SeraiException(
                            ErrorCode.INVALID,
                            "schedule \"" + schedule.name() + "\": there is no calendar \"" + name
                                    + "\"; apply it first, or together with the schedule");
                }
            }
        }
    }

    /** What nobody can reach would be refused only where it is used. */
    private static void checkResources(List<ConfigObject> puts) {
        for (ConfigObject put : puts) {
            if (put instanceof RouteResource resource) {
                RouteResources.requireAddress(resource);
            }
        }
    }

    private <T extends ConfigObject> void require(
            Class<T> type,
            ObjectKind kind,
            String name,
            CheckedRoute checked,
            List<ConfigObject> puts,
            List<RouteProblem> problems) {
        boolean comesAlong = puts.stream()
                .anyMatch(put -> put.kind() == kind && put.objectName().equals(name));
        if (!comesAlong && objects.get(kind, name).isEmpty()) {
            problems.add(new RouteProblem(
                    checked.route().id().value(),
                    1,
                    "there is no " + word(kind) + " \"" + name + "\"",
                    Optional.of("apply the " + word(kind) + " first, or together with the route")));
        }
    }

    private Optional<ConfigObject> stored(Key key) {
        return objects.get(key.kind(), key.name()).flatMap(found -> Optional.ofNullable(found.object()));
    }

    private static Key key(ConfigObject object) {
        return new Key(object.kind(), object.objectName());
    }

    private static Optional<Changed> said(Key key, @Nullable ConfigObject before, @Nullable ConfigObject after) {
        List<String> fields = ObjectDiff.between(before, after).stream()
                .map(ObjectDiff.FieldChange::toString)
                .toList();
        if (before != null && after != null && fields.isEmpty()) {
            return Optional.empty();
        }
        Changed.Kind change =
                before == null ? Changed.Kind.CREATED : after == null ? Changed.Kind.DELETED : Changed.Kind.UPDATED;
        return Optional.of(
                new Changed(word(key.kind()), key.name(), change, change == Changed.Kind.UPDATED ? fields : List.of()));
    }

    private static String word(ObjectKind kind) {
        return kind.word().toLowerCase(Locale.ROOT);
    }

    static CronCheck cron() {
        return ConfigurationChanges::cronProblem;
    }

    private static Optional<String> cronProblem(String expression) {
        try {
            var unused = new CronExpression(expression);
            return Optional.empty();
        } catch (ParseException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
