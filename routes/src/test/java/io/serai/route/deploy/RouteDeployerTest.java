package io.serai.route.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import io.serai.config.name.LibraryName;
import io.serai.config.name.RouteId;
import io.serai.config.object.Library;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.route.CamelSetup;
import io.serai.route.MemoryObjects;
import io.serai.route.arrival.Subscriptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.camel.Processor;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RouteDeployerTest {
    @TempDir
    Path folder;

    private final MemoryObjects objects = new MemoryObjects();
    private volatile Set<String> beneath = Set.of();
    private DefaultCamelContext camel;
    private RouteDeployer deployer;

    @BeforeEach
    void start() {
        camel = new DefaultCamelContext();
        CamelSetup.apply(camel, folder, 5);
        camel.start();
        deployer = new RouteDeployer(
                camel,
                objects,
                new Subscriptions(),
                new RouteChecker(RoutePolicy.DEFAULT),
                Duration.ofSeconds(2),
                () -> beneath);
    }

    @AfterEach
    void stop() {
        deployer.stop();
        camel.stop();
    }

    private static Route route(String id, String answer) {
        return from(id, "direct:" + id, answer);
    }

    private static Route from(String id, String from, String answer) {
        return new Route(new RouteId(id), Route.Dsl.YAML, """
                - route:
                    id: %s
                    from:
                      uri: %s
                      steps:
                        - setBody: { constant: "%s" }
                """.formatted(id, from, answer));
    }

    private String ask(String id) {
        return camel.createProducerTemplate().requestBody("direct:" + id, "", String.class);
    }

    private String running() {
        return camel.getRoutes().stream()
                .map(org.apache.camel.Route::getId)
                .sorted()
                .collect(Collectors.joining(" "));
    }

    @Test
    void addsReplacesAndRemovesRoutes() {
        objects.put(route("a", "1"), route("b", "1"));
        assertThat(deployer.refresh()).isEmpty();
        objects.put(route("b", "2"), route("c", "1"));
        objects.delete(ObjectKind.ROUTE, "a");
        assertThat(deployer.refresh()).isEmpty();

        assertThat(running()).isEqualTo("b c");
        assertThat(ask("b")).isEqualTo("2");
    }

    @Test
    void takesTheWholeChangeBackWhenOneRouteCannotBeStarted() {
        objects.put(route("a", "1"), route("b", "1"), route("d", "1"));
        deployer.refresh();
        // It is well-formed, but the name of its endpoint is taken by b: that shows only when it starts.
        objects.put(route("a", "2"), from("c", "direct:b", "1"));
        objects.delete(ObjectKind.ROUTE, "d");

        List<RouteProblem> problems = deployer.refresh();

        assertThat(problems)
                .singleElement()
                .satisfies(problem -> assertThat(problem.file()).isEqualTo("c.yaml"));
        assertThat(running()).isEqualTo("a b d");
        assertThat(ask("a")).isEqualTo("1");
        assertThat(ask("b")).isEqualTo("1");
        assertThat(deployer.problems()).isNotEmpty();
    }

    @Test
    void touchesNothingWhenTheCheckFindsAProblem() {
        objects.put(route("a", "1"));
        deployer.refresh();
        objects.put(route("a", "2"), new Route(new RouteId("bad"), Route.Dsl.YAML, "- route: {"));

        assertThat(deployer.refresh()).hasSize(1);
        assertThat(ask("a")).isEqualTo("1");

        objects.put(route("bad", "mended"));
        assertThat(deployer.refresh()).isEmpty();
        assertThat(ask("a")).isEqualTo("2");
        assertThat(ask("bad")).isEqualTo("mended");
        assertThat(deployer.problems()).isEmpty();
    }

    @Test
    void aBrokenRouteAtTheStartOfTheNodeDoesNotStopTheOthers() {
        objects.put(route("a", "1"), from("broken", "arrival:acme/x?nonsense=1", "1"), route("z", "1"));

        assertThat(deployer.start()).hasSize(1);

        assertThat(running()).isEqualTo("a z");
        objects.put(route("a", "2"));
        deployer.refresh();
        assertThat(ask("a")).isEqualTo("2");
    }

    @Test
    void onlyARouteThatRanUntilSomethingChangedBeneathItIsAReasonToObject() {
        camel.getRegistry()
                .bind("step", (Processor) exchange -> exchange.getMessage().setBody("step"));
        objects.put(using("user"), from("unrelated", "arrival:acme/x?nonsense=1", "1"), route("other", "1"));
        deployer.start();
        assertThat(deployer.problems()).hasSize(1);

        camel.getRegistry().unbind("step");
        beneath = Set.of("step");
        assertThat(deployer.refresh()).hasSize(2);
        beneath = Set.of();
        deployer.refresh();
        assertThat(deployer.problems(Set.of(), Set.of("step")))
                .singleElement()
                .satisfies(problem -> assertThat(problem.file()).isEqualTo("user.yaml"));
        assertThat(deployer.problems(Set.of(), Set.of("another"))).isEmpty();

        beneath = Set.of("step");
        deployer.refresh();
        assertThat(deployer.problems(Set.of(), Set.of("step")))
                .as("it was broken before")
                .isEmpty();
        assertThat(ask("other")).isEqualTo("1");
    }

    @Test
    void followsChangesOfWhatRoutesStandOn() {
        Processor first = exchange -> exchange.getMessage().setBody("first");
        Processor second = exchange -> exchange.getMessage().setBody("second");
        camel.getRegistry().bind("step", first);
        objects.put(using("user"));
        deployer.start();
        assertThat(ask("user")).isEqualTo("first");

        camel.getRegistry().unbind("step");
        camel.getRegistry().bind("step", second);
        beneath = Set.of("step");
        objects.put(new Library(new LibraryName("acme"), "0".repeat(64), 1, ""));
        deployer.catchUp();

        assertThat(ask("user")).isEqualTo("second");
    }

    private static Route using(String id) {
        return new Route(new RouteId(id), Route.Dsl.YAML, """
                - route:
                    id: %s
                    from:
                      uri: direct:%s
                      steps:
                        - process: { ref: step }
                """.formatted(id, id));
    }

    @Test
    void endpointsThatARouteMakesWhileItRunsKeepThePolicy() {
        objects.put(new Route(new RouteId("r"), Route.Dsl.YAML, """
                - route:
                    id: r
                    from:
                      uri: direct:r
                      steps:
                        - recipientList: { simple: "${body}" }
                """));
        assertThat(deployer.refresh()).isEmpty();
        for (String uri : List.of("file:" + folder, "class:java.lang.Runtime")) {
            assertThatThrownBy(() -> camel.createProducerTemplate().sendBody("direct:r", uri))
                    .hasRootCauseInstanceOf(SeraiException.class);
        }
    }

    @Test
    void javaRoutesAreReplacedByTheirNewSource() {
        for (String answer : List.of("1", "2")) {
            objects.put(new Route(new RouteId("j"), Route.Dsl.JAVA, """
                    import org.apache.camel.builder.RouteBuilder;

                    public class J extends RouteBuilder {
                        @Override
                        public void configure() {
                            from("direct:j").routeId("j").setBody(constant("%s"));
                        }
                    }
                    """.formatted(answer)));
            assertThat(deployer.refresh()).isEmpty();
            assertThat(ask("j")).isEqualTo(answer);
        }
        assertThat(running()).isEqualTo("j");
    }
}
