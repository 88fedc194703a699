package io.serai.route.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.cache.CacheIdentity;
import io.serai.cluster.cache.CacheLayer;
import io.serai.cluster.cache.CacheSettings;
import io.serai.cluster.database.TestDatabase;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import io.serai.config.object.Route;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RoutePolicy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.CamelContext;
import org.apache.camel.component.mock.MockEndpoint;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class CachesForRoutesTest {
    private static final CacheIdentity IDENTITY = CacheIdentity.of(CacheIdentity.make());

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private final List<AutoCloseable> started = new ArrayList<>();

    @BeforeEach
    void clear() {
        DATABASE.truncate("cache_member");
    }

    @AfterEach
    void stopAll() throws Exception {
        for (AutoCloseable each : started) {
            each.close();
        }
    }

    private CacheLayer layer(String node) {
        CacheLayer layer = CacheLayer.start(
                new CacheSettings(
                        Optional.of(new CacheSettings.Group("routes", Optional.of("127.0.0.1"), 0)),
                        Duration.ofMinutes(1),
                        1000,
                        Duration.ofMinutes(5)),
                new NodeName(node),
                IDENTITY,
                DATABASE.database());
        started.add(0, layer);
        return layer;
    }

    private CamelContext camel(CacheLayer layer, String source) throws Exception {
        DefaultCamelContext camel = new DefaultCamelContext();
        CachesForRoutes.bind(camel, layer);
        camel.start();
        started.add(0, camel::stop);
        PluginHelper.getRoutesLoader(camel).loadRoutes(ResourceHelper.fromString("mem:/route.yaml", source));
        return camel;
    }

    private static String example() throws IOException {
        try (InputStream file = CachesForRoutesTest.class.getResourceAsStream("/examples/routes/acme-invoices.yaml")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void theShippedGuardLetsAFileThroughOnceWhicheverNodeItComesTo() throws Exception {
        String source = example();
        assertThat(new RouteChecker(RoutePolicy.DEFAULT)
                        .check(new Route(new RouteId("acme-invoices"), Route.Dsl.YAML, source))
                        .problems())
                .isEmpty();
        String here = source.replace("arrival:acme/invoices", "direct:in").replaceAll("site:warehouse\\S*", "mock:out");
        CacheLayer one = layer("one");
        CacheLayer two = layer("two");
        await().atMost(Duration.ofSeconds(20)).until(() -> one.members() == 2 && two.members() == 2);
        CamelContext first = camel(one, here);
        CamelContext second = camel(two, here);

        for (int i = 0; i < 20; i++) {
            Map<String, Object> file = Map.of("CamelSeraiSha256", "checksum " + i);
            first.createProducerTemplate().sendBodyAndHeaders("direct:in", "invoice", file);
            second.createProducerTemplate().sendBodyAndHeaders("direct:in", "invoice", file);
        }

        assertThat(first.getEndpoint("mock:out", MockEndpoint.class).getReceivedCounter())
                .isEqualTo(20);
        assertThat(second.getEndpoint("mock:out", MockEndpoint.class).getReceivedCounter())
                .isZero();
    }

    @Test
    void aRouteReadsWhatAnotherNodePut() throws Exception {
        String source = """
                - route:
                    id: put
                    from:
                      uri: direct:put
                      steps:
                        - setHeader: {name: CamelInfinispanKey, simple: "${body}"}
                        - setHeader: {name: CamelInfinispanValue, constant: seen}
                        - to: infinispan:seen?operation=PUT
                - route:
                    id: get
                    from:
                      uri: direct:get
                      steps:
                        - setHeader: {name: CamelInfinispanKey, simple: "${body}"}
                        - to: infinispan:seen?operation=GET
                """;
        CacheLayer one = layer("one");
        CacheLayer two = layer("two");
        await().atMost(Duration.ofSeconds(20)).until(() -> one.members() == 2 && two.members() == 2);
        CamelContext first = camel(one, source);
        CamelContext second = camel(two, source);

        first.createProducerTemplate().sendBody("direct:put", "k");

        assertThat(second.createProducerTemplate().requestBody("direct:get", "k"))
                .isEqualTo("seen");
    }

    @Test
    void aRouteGetsNeitherTheServersCachesNorAnyWhereThereAreNone() throws Exception {
        String own = """
                - route:
                    id: own
                    from:
                      uri: direct:own
                      steps:
                        - setHeader: {name: CamelInfinispanCacheName, constant: serai-logins}
                        - setHeader: {name: CamelInfinispanKey, constant: k}
                        - to: infinispan:seen?operation=GET
                """;
        CamelContext with = camel(layer("one"), own);
        assertThatThrownBy(() -> with.createProducerTemplate().requestBody("direct:own", "x"))
                .hasStackTraceContaining("the server's own");
        assertThatThrownBy(() -> camel(CacheLayer.off(), own)).hasStackTraceContaining("This node has no caches");
    }
}
