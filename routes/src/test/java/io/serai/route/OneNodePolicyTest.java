package io.serai.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.leadership.PostgresClusterService;
import io.serai.cluster.lease.LeaseNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.camel.Processor;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class OneNodePolicyTest {
    private static final Duration TTL = Duration.ofSeconds(3);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String YAML = """
            - route:
                id: digest
                routePolicy: one-node
                from:
                  uri: timer:digest?period=50&delay=0
                  steps:
                    - process: { ref: count }
            """;

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private final List<Node> nodes = new ArrayList<>();

    @AfterEach
    void closeAll() {
        nodes.forEach(Node::close);
    }

    @Test
    void aRouteAddedToRunningNodesRunsOnOneOfThemAndGoesOnOnAnother() throws Exception {
        Node a = new Node("a");
        Node b = new Node("b");
        a.deploy();
        b.deploy();
        await().atMost(LIMIT).until(() -> a.ticks.get() + b.ticks.get() > 5);
        Node leader = a.ticks.get() > 0 ? a : b;
        Node other = leader == a ? b : a;
        assertThat(other.ticks.get()).isZero();

        // Replaced while it leads, as a deployment does it.
        leader.camel.getRouteController().stopRoute("digest");
        leader.camel.removeRoute("digest");
        leader.deploy();
        long before = a.ticks.get() + b.ticks.get();
        await().atMost(LIMIT).until(() -> a.ticks.get() + b.ticks.get() > before + 5);

        leader.close();
        long ofOther = other.ticks.get();
        await().atMost(LIMIT).until(() -> other.ticks.get() > ofOther + 5);
    }

    private final class Node implements AutoCloseable {
        private final LeaseNode leases;
        private final DefaultCamelContext camel = new DefaultCamelContext();
        private final AtomicLong ticks = new AtomicLong();

        Node(String name) throws Exception {
            nodes.add(this);
            leases = new LeaseNode(DATABASE.settings().withMaxConnections(4), name, TTL);
            camel.addService(new PostgresClusterService(leases.keeper()), true, true);
            camel.getRegistry().bind(OneNodePolicy.NAME, new OneNodePolicy());
            Processor count = exchange -> ticks.incrementAndGet();
            camel.getRegistry().bind("count", count);
            camel.start();
        }

        void deploy() throws Exception {
            PluginHelper.getRoutesLoader(camel).loadRoutes(ResourceHelper.fromString("digest.yaml", YAML));
        }

        @Override
        public void close() {
            camel.stop();
            leases.close();
        }
    }
}
