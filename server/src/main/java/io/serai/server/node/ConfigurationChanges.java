package io.serai.server.node;

import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.object.ObjectStore.Change;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.document.CronCheck;
import io.serai.config.document.DocumentFile;
import io.serai.config.document.Documents;
import io.serai.config.document.ObjectDraft;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Account;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectDiff;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.config.object.Schedule;
import io.serai.config.object.Site;
import io.serai.config.secret.GivenSecrets;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretText;
import io.serai.route.deploy.CheckedRoute;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RouteDeployer;
import io.serai.route.deploy.RouteProblem;
import io.serai.server.admin.ObjectsApi;
import io.serai.server.admin.ObjectsApi.Changed;
import io.serai.server.admin.ObjectsApi.Mode;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quartz.CronExpression;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes of configuration objects: everything is read and checked before anything is changed; a change that cannot come
 * into force on this node is taken back. Changes follow one another.
 */
final class ConfigurationChanges implements ObjectsApi.Changes {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigurationChanges.class);

    private final ObjectStore objects;
    private final PasswordHasher hasher;
    private final RouteChecker checker;
    private final RouteDeployer deployer;
    private final IntSupplier rotation;

    /** @param rotation makes a new key and encrypts the stored secrets under it; the number of objects */
    ConfigurationChanges(
            ObjectStore objects,
            PasswordHasher hasher,
            RouteChecker checker,
            RouteDeployer deployer,
            IntSupplier rotation) {
        this.objects = objects;
        this.hasher = hasher;
        this.checker = checker;
        this.deployer = deployer;
        this.rotation = rotation;
    }

    @Override
    public synchronized List<Changed> apply(
            List<DocumentFile> documents, Map<String, SecretText> secrets, Mode mode, String by) {
        List<ObjectDraft> drafts =
                new Documents(new GivenSecrets(secrets), ConfigurationChanges::cronProblem).parse(documents);
        List<ConfigObject> puts = new ArrayList<>();
        for (ObjectDraft draft : drafts) {
            puts.add(draft.complete(stored(key(draft.object())), hasher));
        }
        checkRoutes(puts);
        return switch (mode) {
            case ONLY_SAY ->
                puts.stream()
                        .map(put -> said(key(put), stored(key(put)).orElse(null), put))
                        .flatMap(Optional::stream)
                        .toList();
            case CHANGE -> commit(puts, List.of(), by);
        };
    }

    @Override
    public synchronized List<Changed> delete(List<Key> keys, String by) {
        for (Key key : keys) {
            if (stored(key).isEmpty()) {
                throw new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT, "There is no " + word(key.kind()) + " \"" + key.name() + "\"");
            }
        }
        return commit(List.of(), keys, by);
    }

    @Override
    public synchronized List<Changed> rollback(Key key, long version, String by) {
        ConfigObject old = objects.history(key.kind(), key.name()).stream()
                .filter(entry -> entry.version() == version)
                .flatMap(entry -> Stream.ofNullable(entry.object()))
                .findFirst()
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT,
                        "There is no version " + version + " of " + word(key.kind()) + " \"" + key.name()
                                + "\" (serai history " + word(key.kind()) + " " + key.name() + ")"));
        checkRoutes(List.of(old));
        return commit(List.of(old), List.of(), by);
    }

    @Override
    public synchronized int rotateSecrets(String by) {
        int count = rotation.getAsInt();
        LOG.info("{} made a new key for secrets; {} objects were encrypted anew", by, count);
        return count;
    }

    private List<Changed> commit(List<ConfigObject> puts, List<Key> deletes, String by) {
        List<Change> made = objects.change(puts, deletes, by);
        Set<String> routes = made.stream()
                .map(Change::key)
                .filter(key -> key.kind() == ObjectKind.ROUTE)
                .map(Key::name)
                .collect(Collectors.toSet());
        if (!routes.isEmpty()) {
            List<RouteProblem> problems = deployer.refresh().stream()
                    .filter(problem -> routes.contains(stem(problem.file())))
                    .toList();
            if (!problems.isEmpty()) {
                takeBack(made, by);
                RouteChecker.refuse(problems);
            }
        }
        return made.stream()
                .map(change -> said(change.key(), change.before(), change.after()))
                .flatMap(Optional::stream)
                .toList();
    }

    private void takeBack(List<Change> made, String by) {
        List<ConfigObject> puts = new ArrayList<>();
        List<Key> deletes = new ArrayList<>();
        for (Change change : made) {
            ConfigObject before = change.before();
            if (before == null) {
                deletes.add(change.key());
            } else {
                puts.add(before);
            }
        }
        objects.change(puts, deletes, by + " (taken back)");
        var unused = deployer.refresh();
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
        return problems;
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
        if (!comesAlong && objects.find(type, name).isEmpty()) {
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

    private static String stem(String file) {
        String name = file.substring(file.lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        return dot > 0 && (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".java"))
                ? name.substring(0, dot)
                : name;
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
