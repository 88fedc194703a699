package io.serai.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.join.ClusterKeys;
import io.serai.cluster.join.Invitations;
import io.serai.cluster.join.JoinToken;
import io.serai.cluster.node.Nodes;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.secret.SecretBox;
import io.serai.config.settings.NodeSettings;
import io.serai.config.settings.SettingsLoader;
import java.nio.file.Path;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class JoiningTest {
    private static final NodeName NODE = new NodeName("new");

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private SecretBox keys;

    @BeforeEach
    void start() {
        DATABASE.truncate("invitation", "key_rotation", "node");
        keys = new ClusterKeys(DATABASE.database(), folder.resolve("first.json")).open();
    }

    @Test
    void aRemovedServerWithTheTokenThatItJoinedWithSaysThatItWasRemoved() {
        NodeSettings first = settings(token(invite()));
        join(first);
        join(first);
        remove();

        assertThatThrownBy(() -> join(first))
                .isInstanceOf(SeraiException.class)
                .hasMessageStartingWith("the node \"new\" was removed from the cluster")
                .hasMessageContaining("serai nodes invite")
                .hasMessageContaining("was used by node new");

        join(settings(token(invite())));
        assertThat(new Nodes(DATABASE.database()).isRemoved(NODE)).isFalse();
    }

    @Test
    void aRemovedServerWithARevokedOrBrokenTokenSaysThatItWasRemoved() {
        join(settings(token(invite())));
        remove();
        Invitations.Invitation revoked = invite();
        new Invitations(DATABASE.database()).revoke(revoked.id());

        assertThatThrownBy(() -> join(settings(token(revoked))))
                .hasMessageStartingWith("the node \"new\" was removed from the cluster")
                .hasMessageContaining("was revoked");
        assertThatThrownBy(() -> join(settings("serai_0123456789")))
                .hasMessageStartingWith("the node \"new\" was removed from the cluster");
    }

    private static void join(NodeSettings settings) {
        Joining.joinIfInvited(settings, DATABASE.database());
    }

    private Invitations.Invitation invite() {
        return new Invitations(DATABASE.database()).create(keys, Duration.ofHours(1), "olga");
    }

    private static String token(Invitations.Invitation made) {
        return new JoinToken(
                        made.cluster(),
                        made.id(),
                        made.secret(),
                        "jdbc:postgresql://db/serai",
                        "serai",
                        Optional.empty(),
                        "/shared")
                .reveal();
    }

    private NodeSettings settings(String token) {
        return new SettingsLoader(Map.of("SERAI_NODE_NAME", NODE.value(), "SERAI_NODE_JOIN_TOKEN", token), Set.of())
                .load(Optional.empty(), List.of(), folder.resolve("home"));
    }

    private static void remove() {
        DATABASE.database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("insert into node (name, epoch, boot_id, version, address, state, lease_until) values"
                        + " ('new', 1, '" + UUID.randomUUID() + "', '1', 'x:1', 'removed', clock_timestamp())");
            }
        });
    }
}
