package io.serai.cluster.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.object.ObjectStore.Change;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.object.ObjectStore.Versioned;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.name.SiteName;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Protocol;
import io.serai.config.object.Route;
import io.serai.config.object.Schedule;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretBox;
import io.serai.config.secret.SecretText;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class JdbcObjectStoreTest {
    private static final Key BANK = new Key(ObjectKind.SITE, "bank");

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private SecretBox box;
    private JdbcObjectStore one;
    private JdbcObjectStore two;

    @BeforeEach
    void startTwoNodes() {
        DATABASE.truncate("config_object", "config_history", "event");
        box = SecretBox.openOrCreate(folder.resolve("secrets.key"));
        one = store();
        two = store();
    }

    @AfterEach
    void stopThem() {
        one.close();
        two.close();
    }

    private JdbcObjectStore store() {
        JdbcObjectStore store =
                new JdbcObjectStore(DATABASE.database(), new ObjectJson(box), JdbcObjectStoreTest::references);
        store.start();
        return store;
    }

    /** In this test a route names the site that its source is. */
    private static Set<Key> references(ConfigObject object) {
        return object instanceof Route route && !route.source().isEmpty()
                ? Set.of(new Key(ObjectKind.SITE, route.source()))
                : Set.of();
    }

    @Test
    void keepsVersionsAndWhoChangedWhat() {
        one.change(List.of(site("host-a")), List.of(), "maria");
        List<Change> second = one.change(List.of(site("host-b")), List.of(), "jon");

        assertThat(second).containsExactly(new Change(BANK, site("host-a"), site("host-b")));
        assertThat(one.find(Site.class, "bank")).contains(site("host-b"));
        Versioned now = one.get(ObjectKind.SITE, "bank").orElseThrow();
        assertThat(now.version()).isEqualTo(2);
        assertThat(now.changedBy()).isEqualTo("jon");
        assertThat(one.history(ObjectKind.SITE, "bank"))
                .extracting(Versioned::version)
                .containsExactly(2L, 1L);
        assertThat(one.list(Optional.of(ObjectKind.ROUTE))).isEmpty();
        assertThat(one.all(Site.class)).containsExactly(site("host-b"));
    }

    @Test
    void leavesOutWhatChangesNothing() {
        one.change(List.of(site("host-a")), List.of(), "maria");
        assertThat(one.change(List.of(site("host-a")), List.of(new Key(ObjectKind.SITE, "none")), "jon"))
                .isEmpty();
        assertThat(one.history(ObjectKind.SITE, "bank")).hasSize(1);
    }

    @Test
    void whatWasMadeFromAFormerVersionReplacesNothing() {
        one.change(List.of(site("host-a")), List.of(), "maria");
        Versioned seen = one.get(ObjectKind.SITE, "bank").orElseThrow();
        two.catchUp();
        two.replace(two.get(ObjectKind.SITE, "bank").orElseThrow(), site("host-b"), "jon");

        assertThatThrownBy(() -> one.replace(seen, site("host-c"), "maria"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("changed meanwhile");
        one.catchUp();
        assertThat(one.find(Site.class, "bank")).contains(site("host-b"));
        one.replace(one.get(ObjectKind.SITE, "bank").orElseThrow(), site("host-c"), "maria");
        assertThat(one.find(Site.class, "bank")).contains(site("host-c"));
    }

    @Test
    void followsTheOtherNodeInOrder() {
        List<List<Change>> told = new CopyOnWriteArrayList<>();
        two.onChange(told::add);
        one.change(List.of(site("host-a"), schedule("nightly")), List.of(), "maria");
        one.change(List.of(site("host-b")), List.of(), "maria");
        one.change(List.of(), List.of(BANK), "maria");

        await().atMost(Duration.ofSeconds(5)).until(() -> told.size() == 3);
        assertThat(told.get(0)).hasSize(2);
        assertThat(told.get(1)).containsExactly(new Change(BANK, site("host-a"), site("host-b")));
        assertThat(told.get(2)).containsExactly(new Change(BANK, site("host-b"), null));
        assertThat(two.find(Site.class, "bank")).isEmpty();
        assertThat(two.find(Schedule.class, "nightly")).contains(schedule("nightly"));
    }

    @Test
    void tellsListenersOfThisNodeBeforeAChangeReturns() {
        List<List<Change>> told = new CopyOnWriteArrayList<>();
        one.onChange(changes -> {
            throw new IllegalStateException("a listener that fails");
        });
        one.onChange(told::add);
        one.change(List.of(site("host-a")), List.of(), "maria");
        assertThat(told).hasSize(1);
    }

    @Test
    void letsAListenerChangeObjectsItself() {
        List<Key> told = new CopyOnWriteArrayList<>();
        one.onChange(changes -> {
            if (changes.get(0).key().equals(BANK)) {
                one.change(List.of(schedule("from-listener")), List.of(), "listener");
            }
        });
        one.onChange(changes -> told.add(changes.get(0).key()));
        one.change(List.of(site("host-a")), List.of(), "maria");
        assertThat(told).containsExactly(BANK, new Key(ObjectKind.SCHEDULE, "from-listener"));
    }

    @Test
    void putsChangesOfTwoNodesInOneOrder() {
        IntStream.range(0, 12)
                .parallel()
                .forEach(i -> (i % 2 == 0 ? one : two).change(List.of(site("host-" + i)), List.of(), "node"));
        await().atMost(Duration.ofSeconds(5))
                .until(() -> one.get(ObjectKind.SITE, "bank").equals(two.get(ObjectKind.SITE, "bank")));
        assertThat(one.get(ObjectKind.SITE, "bank").orElseThrow().version()).isEqualTo(12);
        assertThat(one.history(ObjectKind.SITE, "bank")).hasSize(12);
    }

    @Test
    void refusesToDeleteWhatAnotherNames() {
        one.change(List.of(site("host-a"), route("orders", "bank")), List.of(), "maria");

        assertThatThrownBy(() -> two.change(List.of(schedule("nightly")), List.of(BANK), "jon"))
                .isInstanceOfSatisfying(SeraiException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_IN_USE);
                    assertThat(e.text()).contains("Site bank", "Route orders");
                });
        assertThat(two.find(Schedule.class, "nightly")).isEmpty();

        assertThat(one.change(List.of(), List.of(BANK, new Key(ObjectKind.ROUTE, "orders")), "jon"))
                .hasSize(2);
    }

    @Test
    void refusesToDeleteARouteWithLiveEvents() {
        one.change(List.of(route("orders", "")), List.of(), "maria");
        sql("insert into event (kind, route_id, account) values ('arrival', 'orders', 'acme')");
        Key orders = new Key(ObjectKind.ROUTE, "orders");

        assertThatThrownBy(() -> one.change(List.of(), List.of(orders), "jon"))
                .isInstanceOfSatisfying(SeraiException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_IN_USE);
                    assertThat(e.text()).contains("1 live events");
                });
        sql("delete from event");
        assertThat(one.change(List.of(), List.of(orders), "jon")).hasSize(1);
    }

    @Test
    void putsAnOlderVersionInForceAgainEvenAfterDeletion() {
        one.change(List.of(site("host-a")), List.of(), "maria");
        one.change(List.of(), List.of(BANK), "maria");
        one.rollback(BANK, 1, "jon");
        assertThat(one.find(Site.class, "bank")).contains(site("host-a"));
        assertThat(one.get(ObjectKind.SITE, "bank").orElseThrow().version()).isEqualTo(3);
        assertThatThrownBy(() -> one.rollback(BANK, 2, "jon")).isInstanceOf(SeraiException.class);
        assertThatThrownBy(() -> one.rollback(BANK, 9, "jon")).isInstanceOf(SeraiException.class);
    }

    @Test
    void refusesAChangeThatNamesAnObjectTwice() {
        assertThatThrownBy(() -> one.change(List.of(site("a"), site("b")), List.of(), "maria"))
                .isInstanceOf(SeraiException.class);
        assertThatThrownBy(() -> one.change(List.of(site("a")), List.of(BANK), "maria"))
                .isInstanceOf(SeraiException.class);
        assertThat(one.list(Optional.empty())).isEmpty();
    }

    @Test
    void keepsSecretsUnreadableInTheDatabaseAndFollowsARotation() {
        one.change(List.of(site("host-a")), List.of(), "maria");
        String before = everything();
        assertThat(before).doesNotContain("hunter2").contains("host-a");

        box.rotate();
        assertThat(one.encryptAnew()).isEqualTo(2);

        assertThat(everything()).isNotEqualTo(before).doesNotContain("hunter2");
        JdbcObjectStore fresh = store();
        assertThat(fresh.find(Site.class, "bank")).contains(site("host-a"));
        assertThat(fresh.get(ObjectKind.SITE, "bank").orElseThrow().version()).isEqualTo(1);
        fresh.close();
    }

    private static Site site(String host) {
        return new Site(
                new SiteName("bank"),
                "",
                Protocol.SFTP,
                host,
                22,
                "/in",
                Optional.of("serai"),
                Optional.of(new SecretText("hunter2")),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Site.TlsMode.EXPLICIT,
                Duration.ofSeconds(3),
                Duration.ofSeconds(30),
                2,
                OptionalLong.empty());
    }

    private static Schedule schedule(String name) {
        return new Schedule(
                new ScheduleName(name),
                "",
                true,
                List.of("0 0 2 * * ?"),
                ZoneId.of("Europe/Berlin"),
                Schedule.Missed.RUN_ONCE);
    }

    private static Route route(String id, String site) {
        return new Route(new RouteId(id), Route.Dsl.YAML, site);
    }

    private static void sql(String fixed) {
        DATABASE.database().execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(fixed)) {
                statement.executeUpdate();
            }
        });
    }

    private static String everything() {
        return DATABASE.database().read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                            select string_agg(t, E'\\n') from (select o::text as t from config_object o
                                                              union all select h::text from config_history h) all_rows
                            """);
                    ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        });
    }
}
