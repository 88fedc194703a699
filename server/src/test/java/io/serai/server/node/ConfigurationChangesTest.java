package io.serai.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.object.ChangeParty;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.object.SharedChanges;
import io.serai.config.document.DocumentFile;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretBox;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RoutePolicy;
import io.serai.server.admin.ObjectsApi.Applied;
import io.serai.server.admin.ObjectsApi.Mode;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationChangesTest {
    private static final String OUTBOUND = "  outbound: true\n  destinations: [\"bank.example:443\"]\n";

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private JdbcObjectStore store;
    private SharedChanges shared;
    private ConfigurationChanges changes;

    @BeforeEach
    void start() {
        DATABASE.truncate("config_object", "config_history", "config_proposal", "config_vote", "config_node", "node");
        NodeName name = new NodeName("one");
        DATABASE.database().execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into node (name, epoch, boot_id, version, address, state, lease_until)
                    values ('one', 1, ?, 'test', 'here', 'active', clock_timestamp() + interval '1 minute')""")) {
                statement.setObject(1, UUID.randomUUID());
                statement.executeUpdate();
            }
        });
        ObjectJson json = new ObjectJson(SecretBox.openOrCreate(folder.resolve("secrets.key")));
        store = new JdbcObjectStore(DATABASE.database(), json, object -> Set.of());
        store.start();
        FencingToken token = new FencingToken(name, 1);
        shared = new SharedChanges(DATABASE.database(), store, json, () -> token);
        shared.start(new SlowVoter());
        changes = new ConfigurationChanges(
                store, new PasswordHasher(), new RouteChecker(RoutePolicy.DEFAULT), shared, () -> 0);
    }

    @AfterEach
    void stop() {
        goOn.countDown();
        shared.close();
        store.close();
    }

    /** Does not answer until it is told to. */
    private final class SlowVoter implements ChangeParty {
        @Override
        public List<String> objections(List<ConfigObject> puts, List<Key> deletes) {
            asked.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return List.of();
        }

        @Override
        public List<String> enforce(List<Key> changed) {
            return List.of();
        }

        @Override
        public void follow() {}
    }

    @Test
    void whoChangesAnAccountDoesNotWaitForADecisionAboutARoute() throws Exception {
        CompletableFuture<Applied> route = CompletableFuture.supplyAsync(() -> apply("tick.yaml", """
                - route:
                    id: tick
                    from:
                      uri: direct:tick
                      steps:
                        - setBody: { constant: "1" }
                """));
        assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();

        Applied account =
                CompletableFuture.supplyAsync(() -> apply("acme.yaml", """
                        kind: Account
                        name: acme
                        spec:
                          enabled: false
                          publicKeys: []
                          protocols: [sftp]
                        """)).get(20, TimeUnit.SECONDS);

        assertThat(account.changes()).hasSize(1);
        assertThat(store.get(ObjectKind.ACCOUNT, "acme")).isPresent();
        assertThat(route).isNotDone();
        goOn.countDown();
        await().atMost(Duration.ofSeconds(10)).until(route::isDone);
        assertThat(route.join().mayBeTakenBack()).isFalse();
    }

    @Test
    void anAddressThatTheDriverDoesNotUnderstandIsNotApplied() {
        assertThatThrownBy(() -> apply("orders.yaml", """
                        kind: DataSource
                        name: orders
                        spec:
                          url: jdbc:postgresql://db:5432
                          user: orders
                        """))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("DataSource orders: url: the PostgreSQL driver does not understand");
        assertThat(store.get(ObjectKind.DATA_SOURCE, "orders")).isEmpty();
    }

    private static String zone(String name, String edge, String address, String rest) {
        return """
                kind: Zone
                name: %s
                spec:
                  edges:
                    - name: %s
                      addresses: ["%s"]
                """.formatted(name, edge, address) + rest;
    }

    private static String site(String zone) {
        return """
                kind: Site
                name: bank
                spec:
                  protocol: https
                  host: bank.example
                  zone: %s
                """.formatted(zone);
    }

    private void refuses(String text, String reason) {
        long before = store.revision();
        assertThatThrownBy(() -> apply("z.yaml", text))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining(reason);
        assertThat(store.revision()).isEqualTo(before);
    }

    @Test
    void zonesDoNotShareEdgesAndOneIsTheDefault() {
        String out = OUTBOUND + "  default: true\n";
        assertThat(apply("z.yaml", zone("dmz", "edge1", "10.0.0.1", out)).changes())
                .hasSize(1);
        refuses(zone("other", "edge1", "10.0.0.2", ""), "edge edge1 is in the zones dmz and other");
        refuses(zone("other", "edge2", "10.0.0.1:7443", ""), "both have an edge at 10.0.0.1:7443");
        refuses(zone("other", "edge2", "10.0.0.2", out), "both say that they are the default");
        assertThat(apply("z.yaml", zone("other", "edge2", "10.0.0.2", "")).changes())
                .hasSize(1);
        // The default moves in one change.
        assertThat(apply(
                                "z.yaml",
                                zone("dmz", "edge1", "10.0.0.1", "") + "---\n"
                                        + zone("other", "edge2", "10.0.0.2", out))
                        .changes())
                .hasSize(2);
    }

    @Test
    void aSiteLeavesThroughAZoneThatLetsItOut() {
        refuses(site("dmz"), "there is no zone \"dmz\"");
        assertThat(apply("z.yaml", zone("dmz", "edge1", "10.0.0.1", "")).changes())
                .hasSize(1);
        refuses(site("dmz"), "nothing leaves through the zone");
        assertThat(apply("z.yaml", zone("dmz", "edge1", "10.0.0.1", OUTBOUND) + "---\n" + site("dmz"))
                        .changes())
                .hasSize(2);
        refuses(zone("dmz", "edge1", "10.0.0.1", ""), "must keep outbound: true");
        assertThat(apply("s.yaml", site("none")).changes()).hasSize(1);
        assertThat(apply("z.yaml", zone("dmz", "edge1", "10.0.0.1", "")).changes())
                .hasSize(1);
    }

    private Applied apply(String file, String text) {
        return changes.apply(List.of(new DocumentFile(file, text)), Map.of(), Mode.CHANGE, "ada");
    }
}
