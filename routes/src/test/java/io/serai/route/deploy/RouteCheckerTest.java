package io.serai.route.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.AccountName;
import io.serai.config.name.RouteId;
import io.serai.config.object.Route;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class RouteCheckerTest {
    private static final RouteChecker CHECKER =
            new RouteChecker(RoutePolicy.DEFAULT.withFileAreas(List.of(Path.of("/srv/exchange"))));

    private static String route(String from, String... steps) {
        StringBuilder text =
                new StringBuilder("- route:\n    id: r\n    from:\n      uri: " + from + "\n      steps:\n");
        for (String step : steps) {
            text.append("        - ").append(step).append('\n');
        }
        return text.toString();
    }

    private static List<RouteProblem> check(String source) {
        return CHECKER.check("r.yaml", source);
    }

    private static void assertProblem(String source, int line, String... words) {
        List<RouteProblem> problems = check(source);
        assertThat(problems).singleElement().satisfies(problem -> {
            assertThat(problem.file()).isEqualTo("r.yaml");
            assertThat(problem.line()).as(problem.toString()).isEqualTo(line);
            assertThat(problem.toString()).contains(words);
        });
    }

    @Test
    void acceptsAGoodRouteAndFindsWhatItNames() {
        String source = """
                - route:
                    id: r
                    from:
                      uri: arrival:acme/outbox
                      parameters: { include: "*.csv" }
                      steps:
                        - marshal: { gzipDeflater: {} }
                        - setHeader: { name: x, simple: "${header.CamelFileName}.gz" }
                        - choice:
                            when:
                              - simple: "${header.CamelSeraiSize} > 10"
                                steps:
                                  - to: direct:elsewhere
                        - to: file:/srv/exchange/out
                """;
        assertThat(check(source)).isEmpty();
        CheckedRoute checked = CHECKER.check(new Route(new RouteId("r"), Route.Dsl.YAML, source));
        assertThat(checked.references().accounts()).containsExactly(new AccountName("acme"));
        assertThat(checked.subscription())
                .hasValueSatisfying(
                        subscription -> assertThat(subscription.include()).containsExactly("*.csv"));
    }

    @Test
    void namesLineAndMend() {
        assertProblem("- route:\n    id: r\n  from: [\n", 4, "not valid YAML");
        assertProblem(route("arrival:acme/outbox?inclued=x", "to: direct:a"), 4, "inclued", "did you mean \"include\"");
        assertProblem(route("arrival:acme/outbox", "log: hi", "to: diretc:a"), 7, "diretc", "did you mean \"direct:\"");
        assertProblem(route("arrival:acme/outbox", "marshall: { gzipDeflater: {} }"), 6, "marshall", "marshal");
        assertProblem(route("arrival:acme/outbox?maxInFlight=many", "to: direct:a"), 4, "maxInFlight", "whole number");
        assertProblem(route("arrival:acme/outbox?priority=12", "to: direct:a"), 4, "priority must be 0");
        assertThat(check(route("arrival:acme/outbox", "setBody: { simple: \"${bodyy}\" }")))
                .singleElement()
                .satisfies(problem -> assertThat(problem.message()).contains("simple", "bodyy"));
        assertThat(check(route("arrival:acme/outbox", "setBody: { groovy: \"1\" }")))
                .singleElement()
                .satisfies(problem -> assertThat(problem.message()).contains("groovy"));
    }

    @Test
    void masterGuardsOnlyWhatIsNotSharedByItself() {
        assertThat(check(route("master:reports:timer:tick?period=60s", "to: direct:a")))
                .isEmpty();
        assertThat(check(route("master:reports:file:/srv/exchange/in?delay=1000", "to: direct:a")))
                .isEmpty();
        assertProblem(route("master:reports:file:/etc?delay=1000", "to: direct:a"), 4, "/etc", "not open to routes");
        assertProblem(route("master:reports:arrival:acme/outbox", "to: direct:a"), 4, "cannot guard arrival:");
        assertProblem(route("master:reports:master:x:timer:t", "to: direct:a"), 4, "cannot guard master:");
        assertProblem(route("master:timer", "to: direct:a"), 4, "master:NAME:URI");
        assertProblem(route("master:reports:timer:t?perriod=1", "to: direct:a"), 4, "perriod", "did you mean");
        assertProblem(route("arrival:acme/outbox", "to: master:a:timer:b"), 6, "begins a route");
    }

    @Test
    void refusesMoreOrLessThanOneRouteOfTheFilesName() {
        assertProblem("- from:\n    uri: direct:a\n    steps:\n      - to: direct:b\n", 1, "without an id");
        assertProblem(route("direct:a", "to: direct:b").replace("id: r", "id: other"), 1, "other", "set id: r");
        assertProblem(route("direct:a", "to: direct:b").replace("    id: r\n", ""), 1, "no id");
        assertProblem(
                route("direct:a", "to: direct:b")
                        + route("direct:c", "to: direct:b").replace("id: r", "id: r2"),
                1,
                "2 routes");
        assertThat(CHECKER.check("r.txt", "")).hasSize(1);
        assertThat(CHECKER.check("no good.yaml", "")).hasSize(1);
    }

    @Test
    void refusesWhatIsNotOpenToRoutes() {
        assertProblem(route("direct:a", "to: exec:rm"), 6, "exec: is not open");
        assertProblem(route("direct:a", "to: class:java.lang.Runtime"), 6, "class: is not open");
        assertProblem(route("direct:a", "to: partner-session:local"), 6, "partner-session: is not open");
        assertProblem(route("direct:a", "to: file:/etc"), 6, "file:/etc", "is not open to routes");
        assertProblem(route("direct:a", "to: file:/srv/exchange/../../etc"), 6, "is not open to routes");
        assertProblem(route("direct:a", "toD: \"${header.where}\""), 6, "must be written out");
        assertProblem(route("sftp-server:x", "to: direct:b"), 4, "cannot begin with");
        assertProblem(
                "- beans:\n    - name: x\n      type: java.lang.Object\n" + route("direct:a", "to: direct:b"),
                1,
                "beans");
    }

    @Test
    void javaRoutesAreCompiled() {
        assertThat(CHECKER.check("good.java", """
                import org.apache.camel.builder.RouteBuilder;

                public class Good extends RouteBuilder {
                    @Override
                    public void configure() {
                        from("arrival:acme").routeId("good").to("direct:x");
                    }
                }
                """)).isEmpty();
        assertThat(CHECKER.check("bad.java", """
                import org.apache.camel.builder.RouteBuilder;

                public class Bad extends RouteBuilder {
                    @Override
                    public void configure() {
                        from("arrival:acme").routId("bad");
                    }
                }
                """))
                .singleElement()
                .satisfies(problem ->
                        assertThat(problem.line()).as(problem.toString()).isEqualTo(6));
    }
}
