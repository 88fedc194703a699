package io.serai.route.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.transaction.Transactions;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.name.ResourceName;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.RouteResource;
import io.serai.config.secret.SecretText;
import io.serai.route.MemoryObjects;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouteResourcesTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private final MemoryObjects objects = new MemoryObjects();
    private Transactions transactions;
    private RouteResources resources;

    @BeforeEach
    void start() {
        NodeName name = new NodeName("resources");
        FencingToken token = new FencingToken(name, 1);
        transactions = new Transactions(DATABASE.database(), () -> token, name, UUID.randomUUID());
        resources = new RouteResources(transactions, "test");
    }

    @AfterEach
    void stop() throws Exception {
        resources.close();
        transactions.close();
    }

    @Test
    void oneBadResourceKeepsNothingElseFromRunningAndSaysWhy() throws Exception {
        objects.put(
                resource(ObjectKind.DATA_SOURCE, "bad", "jdbc:postgresql://db:5432"),
                resource(ObjectKind.CONNECTION_FACTORY, "broken", "tcp://:x"),
                resource(ObjectKind.DATA_SOURCE, "good", DATABASE.settings().url()));

        resources.follow(objects);

        try (Connection connection = resources.dataSource("good").getConnection()) {
            assertThat(connection.isValid(5)).isTrue();
        }
        assertThat(resources.unusable()).containsExactly("ConnectionFactory broken", "DataSource bad");
        assertThat(resources.lookupByName("bad")).isInstanceOf(NamedDataSource.class);
        assertThatThrownBy(() -> resources.dataSource("bad").getConnection())
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("DataSource bad: url: the PostgreSQL driver does not understand");

        objects.put(resource(ObjectKind.DATA_SOURCE, "bad", DATABASE.settings().url()));
        try (Connection connection = resources.dataSource("bad").getConnection()) {
            assertThat(connection.isValid(5)).isTrue();
        }
        assertThat(resources.unusable()).containsExactly("ConnectionFactory broken");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp://h:61616", "tcp://h:61617?sslEnabled=true", "(tcp://a:1,tcp://b:2)?ha=true"})
    void takesAddressesOfBrokers(String url) {
        assertThatCode(() -> RouteResources.requireAddress(resource(ObjectKind.CONNECTION_FACTORY, "b", url)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"tcp://", "tcp://h:x", "tcp://h:616160", "tcp://h:61616 x", "(tcp://a:1,tcp://b)", "(tcp://a:1"})
    void refusesAddressesThatNoBrokerCanHave(String url) {
        assertThatThrownBy(() -> RouteResources.requireAddress(resource(ObjectKind.CONNECTION_FACTORY, "b", url)))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("ConnectionFactory b: url: the Artemis client does not understand");
    }

    @ParameterizedTest
    @ValueSource(strings = {"jdbc:postgresql://db", "jdbc:postgresql://db:x/orders", "jdbc:postgresql://db:5432/a/b"})
    void refusesAddressesThatNoDatabaseCanHave(String url) {
        assertThatThrownBy(() -> RouteResources.requireAddress(resource(ObjectKind.DATA_SOURCE, "d", url)))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("DataSource d: url");
    }

    private static RouteResource resource(ObjectKind kind, String name, String url) {
        return new RouteResource(
                kind,
                new ResourceName(name),
                "",
                url,
                Optional.of(DATABASE.settings().user()),
                Optional.of(new SecretText(DATABASE.settings().password().reveal())),
                true,
                4,
                Duration.ofSeconds(10));
    }
}
