package io.serai.cluster.join;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.Nodes;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.secret.JoinSecret;
import io.serai.config.secret.SecretBox;
import io.serai.config.secret.SecretContext;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class ClusterKeysTest {
    private static final SecretContext CONTEXT = new SecretContext("Site", "bank", "spec.password");
    private static final SecretText SECRET = new SecretText("correct horse");
    private static final NodeName NODE = new NodeName("new");

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    @BeforeEach
    void clear() {
        DATABASE.truncate("invitation", "key_rotation", "node");
    }

    private static JoinToken withAnotherSecret(JoinToken token) {
        return new JoinToken(
                token.cluster(),
                token.invitation(),
                JoinSecret.random(),
                token.databaseUrl(),
                token.databaseUser(),
                Optional.empty(),
                token.storageRoot());
    }

    @Test
    void theFirstNodeMakesTheKeysAndTheNextHasToBeInvited() {
        SecretBox first = keys("a").open();

        assertThatThrownBy(() -> keys("b").open())
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
                .hasMessageContaining("serai nodes invite")
                .hasMessageContaining("serai join");
        assertThat(file("b")).doesNotExist();
        assertThat(keys("a").open().decrypt(first.encrypt(SECRET, CONTEXT), CONTEXT))
                .isEqualTo(SECRET);
    }

    @Test
    void ofManyFirstNodesOneMakesTheKeys() throws Exception {
        ExecutorService starters = Executors.newFixedThreadPool(4);
        try {
            List<Callable<Boolean>> starts = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                ClusterKeys keys = keys("n" + i);
                starts.add(() -> {
                    try {
                        keys.open();
                        return true;
                    } catch (SeraiException e) {
                        return false;
                    }
                });
            }
            int opened = 0;
            for (Future<Boolean> start : starters.invokeAll(starts)) {
                opened += start.get() ? 1 : 0;
            }
            assertThat(opened).isEqualTo(1);
        } finally {
            starters.shutdownNow();
        }
    }

    @Test
    void refusesKeysOfAnotherCluster() throws IOException {
        keys("a").open();
        SecretBox.openOrCreate(made("b"));

        assertThatThrownBy(() -> keys("b").open()).hasMessageContaining("are not those of the cluster");
    }

    @Test
    void anInvitedNodeReadsWhatTheOthersEncrypted() {
        SecretBox first = keys("a").open();
        String encrypted = first.encrypt(SECRET, CONTEXT);
        JoinToken token = JoinToken.parse(invite(first).reveal());

        invitations().redeem(token, NODE, file("b"));

        assertThat(keys("b").open().decrypt(encrypted, CONTEXT)).isEqualTo(SECRET);
    }

    @Test
    void anInvitationLetsOneNodeIn() throws Exception {
        SecretBox first = keys("a").open();
        JoinToken token = invite(first);
        ExecutorService joiners = Executors.newFixedThreadPool(4);
        try {
            List<Callable<Boolean>> joins = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Path keyFile = file("n" + i);
                joins.add(() -> {
                    try {
                        invitations().redeem(token, NODE, keyFile);
                        return true;
                    } catch (SeraiException e) {
                        assertThat(e.text()).contains("was used by node new");
                        return false;
                    }
                });
            }
            int joined = 0;
            for (Future<Boolean> join : joiners.invokeAll(joins)) {
                joined += join.get() ? 1 : 0;
            }
            assertThat(joined).isEqualTo(1);
        } finally {
            joiners.shutdownNow();
        }
        assertThat(invitations().list())
                .singleElement()
                .satisfies(used -> assertThat(used.usedBy()).contains("new"));
        assertThat(single("select wrapped_keys from invitation")).isEmpty();
    }

    @Test
    void refusesExpiredRevokedAndForeignInvitationsAndLeavesNothingBehind() {
        SecretBox first = keys("a").open();
        JoinToken expired = invite(first);
        execute("update invitation set expires_at = clock_timestamp() - interval '1 second'");
        assertThatThrownBy(() -> invitations().redeem(expired, NODE, file("b"))).hasMessageContaining("expired");
        JoinToken revoked = invite(first);
        invitations().revoke(revoked.invitation());
        assertThatThrownBy(() -> invitations().redeem(revoked, NODE, file("b"))).hasMessageContaining("revoked");
        JoinToken good = invite(first);
        JoinToken foreign = new JoinToken(
                java.util.UUID.randomUUID(),
                good.invitation(),
                good.secret(),
                good.databaseUrl(),
                good.databaseUser(),
                Optional.empty(),
                good.storageRoot());
        assertThatThrownBy(() -> invitations().redeem(foreign, NODE, file("b")))
                .hasMessageContaining(foreign.cluster().toString())
                .hasMessageContaining(good.cluster().toString());

        assertThat(file("b")).doesNotExist();
        invitations().redeem(good, NODE, file("b"));
    }

    @Test
    void aTokenThatWasCutOrChangedIsRefusedAndTheInvitationStays() {
        SecretBox first = keys("a").open();
        JoinToken token = invite(first);
        String text = token.reveal();

        assertThatThrownBy(() -> JoinToken.parse(text.substring(0, text.length() - 30)))
                .isInstanceOf(SeraiException.class);
        assertThatThrownBy(() -> JoinToken.parse("serai_0123456789")).hasMessageContaining("no token");
        JoinToken otherSecret = withAnotherSecret(token);
        assertThatThrownBy(() -> invitations().redeem(otherSecret, NODE, file("b")))
                .hasMessageContaining("does not open");
        invitations().redeem(token, NODE, file("b"));
    }

    @Test
    void theDatabaseAloneDoesNotOpenTheKeys() throws IOException {
        SecretBox first = keys("a").open();
        JoinToken token = invite(first);
        keys("a").rotate(first, "test");

        String stored = single("select string_agg(t::text, ' ') from (select wrapped_keys from invitation union all"
                + " select wrapped_keys from key_rotation union all select key_check from cluster) t");

        assertThat(stored).doesNotContain(token.secret().reveal());
        for (String key : keyMaterial(file("a"))) {
            assertThat(stored).doesNotContain(key.substring(0, 20));
        }
        assertThat(token.toString()).doesNotContain(token.secret().reveal());
    }

    @Test
    void theKeysOfAnExpiredInvitationAreForgotten() {
        JoinToken unused = invite(keys("a").open());
        assertThat(invitations().forget()).isZero();
        execute("update invitation set expires_at = clock_timestamp()");

        assertThat(invitations().forget()).isEqualTo(1);

        assertThat(single("select count(*) from invitation where wrapped_keys <> ''"))
                .isEqualTo("0");
        assertThat(invitations().forget()).isZero();
    }

    @Test
    void aNodeThatKeepsAHomesKeysIsNotOverwritten() throws IOException {
        SecretBox first = keys("a").open();
        byte[] before = Files.readAllBytes(file("a"));
        JoinToken token = invite(first);

        assertThat(invitations().redeem(token, NODE, file("a"))).isFalse();
        assertThat(file("a")).hasBinaryContent(before);
        assertThat(invitations().redeem(token, NODE, file("b"))).isTrue();
    }

    @Test
    void keysOfAnotherClusterAreNotOverwritten() throws IOException {
        SecretBox first = keys("a").open();
        SecretBox.openOrCreate(made("b"));
        byte[] before = Files.readAllBytes(file("b"));
        execute("insert into node (name, epoch, boot_id, version, address, state, lease_until) values ('new', 1,"
                + " gen_random_uuid(), '1', 'x:1', 'removed', clock_timestamp())");
        JoinToken token = invite(first);

        assertThatThrownBy(() -> invitations().redeem(token, NODE, file("b"))).hasMessageContaining("has keys already");

        assertThat(file("b")).hasBinaryContent(before);
        assertThat(new Nodes(database()).isRemoved(NODE)).isTrue();
        invitations().redeem(token, NODE, file("c"));
    }

    @Test
    void aRemovedServerIsLetInAgainWithTheKeysThatItHas() throws IOException {
        SecretBox first = keys("a").open();
        invitations().redeem(invite(first), NODE, file("b"));
        execute("insert into node (name, epoch, boot_id, version, address, state, lease_until) values ('new', 1,"
                + " gen_random_uuid(), '1', 'x:1', 'removed', clock_timestamp())");
        keys("a").rotate(first, "test");
        String encrypted = first.encrypt(SECRET, CONTEXT);
        JoinToken token = invite(first);
        JoinToken otherSecret = withAnotherSecret(token);

        assertThatThrownBy(() -> invitations().redeem(otherSecret, NODE, file("b")))
                .hasMessageContaining("does not open");
        assertThat(new Nodes(database()).isRemoved(NODE)).isTrue();
        invitations().redeem(token, NODE, file("b"));

        assertThat(new Nodes(database()).isRemoved(NODE)).isFalse();
        assertThat(keys("b").open().decrypt(encrypted, CONTEXT)).isEqualTo(SECRET);
        assertThatThrownBy(() -> invitations().redeem(token, NODE, file("b"))).hasMessageContaining("was used by node");
    }

    @Test
    void joiningLetsARemovedNameInAgain() {
        SecretBox first = keys("a").open();
        execute("insert into node (name, epoch, boot_id, version, address, state, lease_until) values ('new', 1,"
                + " gen_random_uuid(), '1', 'x:1', 'removed', clock_timestamp())");

        invitations().redeem(invite(first), NODE, file("b"));

        assertThat(new Nodes(database()).list())
                .extracting(node -> node.state().name())
                .containsExactly("STOPPED");
    }

    @Test
    void theOthersFollowARotationWhileTheyRunAndAtTheirStart() {
        SecretBox first = keys("a").open();
        JoinToken token = invite(first);
        invitations().redeem(token, NODE, file("b"));
        JoinToken away = invite(first);
        invitations().redeem(away, NODE, file("c"));
        SecretBox second = keys("b").open();

        keys("a").rotate(first, "test");
        String underNew = first.encrypt(SECRET, CONTEXT);
        assertThat(second.decrypt(underNew, CONTEXT)).isEqualTo(SECRET);

        // The second one rotates in its turn, and one that was away for both comes back.
        keys("b").rotate(second, "test");
        String underNewest = second.encrypt(SECRET, CONTEXT);
        assertThat(first.decrypt(underNewest, CONTEXT)).isEqualTo(SECRET);
        SecretBox third = keys("c").open();
        assertThat(third.decrypt(underNewest, CONTEXT)).isEqualTo(SECRET);
        assertThat(third.decrypt(underNew, CONTEXT)).isEqualTo(SECRET);
        assertThat(third.isCurrent(underNewest, CONTEXT)).isTrue();
    }

    @Test
    void rotationsOnTwoNodesAtOnceLoseNothing() throws Exception {
        SecretBox first = keys("a").open();
        invitations().redeem(invite(first), NODE, file("b"));
        SecretBox second = keys("b").open();
        List<String> encrypted = new ArrayList<>();
        ExecutorService rotating = Executors.newFixedThreadPool(2);
        try {
            for (int round = 0; round < 5; round++) {
                List<Callable<String>> both = List.of(
                        () -> {
                            keys("a").rotate(first, "test");
                            return first.encrypt(SECRET, CONTEXT);
                        },
                        () -> {
                            keys("b").rotate(second, "test");
                            return second.encrypt(SECRET, CONTEXT);
                        });
                for (Future<String> each : rotating.invokeAll(both)) {
                    encrypted.add(each.get());
                }
            }
        } finally {
            rotating.shutdownNow();
        }

        for (String each : encrypted) {
            assertThat(first.decrypt(each, CONTEXT)).isEqualTo(SECRET);
            assertThat(second.decrypt(each, CONTEXT)).isEqualTo(SECRET);
            assertThat(keys("a").open().decrypt(each, CONTEXT)).isEqualTo(SECRET);
        }
    }

    private JoinToken invite(SecretBox box) {
        Invitations.Invitation made = invitations().create(box, Duration.ofHours(1), "test");
        return new JoinToken(
                made.cluster(),
                made.id(),
                made.secret(),
                "jdbc:postgresql://db/serai",
                "serai",
                Optional.of(new SecretText("password")),
                "/shared");
    }

    private ClusterKeys keys(String home) {
        return new ClusterKeys(database(), file(home));
    }

    private Path file(String home) {
        return folder.resolve(home).resolve("secrets.json");
    }

    private Path made(String home) throws IOException {
        Files.createDirectories(folder.resolve(home));
        return file(home);
    }

    private static List<String> keyMaterial(Path keyFile) throws IOException {
        try (Stream<String> lines = Stream.of(Files.readString(keyFile).split("\"value\":\"", -1))) {
            return lines.skip(1)
                    .map(part -> part.substring(0, part.indexOf('"')))
                    .toList();
        }
    }

    private static Invitations invitations() {
        return new Invitations(database());
    }

    private static Database database() {
        return DATABASE.database();
    }

    private static void execute(String sql) {
        database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    private static String single(String query) {
        return database().read(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(query)) {
                rows.next();
                return rows.getString(1);
            }
        });
    }
}
