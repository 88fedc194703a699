package io.serai.route.resource;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.transaction.Participant;
import io.serai.cluster.transaction.Transactions;
import io.serai.config.name.NodeName;
import io.serai.config.name.ResourceName;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.RouteResource;
import io.serai.route.MemoryObjects;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ReplacedResourcesTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private static RouteResource database(String url) {
        return new RouteResource(
                ObjectKind.DATA_SOURCE,
                new ResourceName("crm"),
                "",
                url,
                Optional.empty(),
                Optional.empty(),
                true,
                4,
                Duration.ofSeconds(30));
    }

    /** A transaction that runs when the address changes may still prepare at the former one, and its node may die then. */
    @Test
    void recoveryGoesOnToAskAResourceThatWasReplacedOrRemoved() throws Exception {
        NodeName name = new NodeName("here");
        MemoryObjects objects = new MemoryObjects();
        try (Transactions transactions = new Transactions(
                        DATABASE.database(), () -> new FencingToken(name, 1), name, UUID.randomUUID());
                RouteResources resources = new RouteResources(transactions, "test")) {
            resources.follow(objects);
            objects.put(database("jdbc:postgresql://one/crm"));
            objects.put(database("jdbc:postgresql://two/crm"));
            assertThat(resources.participants())
                    .extracting(Participant::identity)
                    .containsExactlyInAnyOrder(
                            "DataSource crm at jdbc:postgresql://one/crm",
                            "DataSource crm at jdbc:postgresql://two/crm");
            objects.delete(ObjectKind.DATA_SOURCE, "crm");
            assertThat(resources.participants()).hasSize(2);
        }
    }
}
