package io.serai.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.config.name.NodeName;
import io.serai.config.name.ResourceName;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.RouteResource;
import io.serai.config.secret.SecretBox;
import io.serai.config.secret.SecretText;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class NodeTransactionsTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    @Test
    void namesResourcesThatAreAwayOrWrongAndGivesNoAddresses() {
        NodeName name = new NodeName("one");
        FencingToken token = new FencingToken(name, 1);
        ObjectJson json = new ObjectJson(SecretBox.openOrCreate(folder.resolve("secrets.key")));
        try (JdbcObjectStore store = new JdbcObjectStore(DATABASE.database(), json, object -> Set.of());
                StopList stops = new StopList()) {
            store.start();
            store.change(
                    List.of(
                            dataSource("away", "jdbc:postgresql://127.0.0.1:1/inner"),
                            dataSource("wrong", "jdbc:postgresql://inner:5432")),
                    List.of(),
                    "test");
            NodeTransactions transactions = NodeTransactions.open(
                    DATABASE.database(), new NodeTransactions.Self(name, UUID.randomUUID(), () -> token), stops);
            assertThat(transactions.standing()).isEqualTo("UP");

            transactions.resources().follow(store);
            assertThat(transactions.recovery().recoverLeft()).isZero();

            assertThat(transactions.standing())
                    .startsWith("WARNING: ")
                    .contains("not reachable: DataSource away")
                    .contains("not usable: DataSource wrong")
                    .doesNotContain("jdbc:")
                    .doesNotContain("127.0.0.1")
                    .doesNotContain("inner");
        }
    }

    private static RouteResource dataSource(String name, String url) {
        return new RouteResource(
                ObjectKind.DATA_SOURCE,
                new ResourceName(name),
                "",
                url,
                Optional.of("app"),
                Optional.of(new SecretText("password")),
                true,
                4,
                Duration.ofSeconds(5));
    }
}
