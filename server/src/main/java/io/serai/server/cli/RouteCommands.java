package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.document.DocumentFile;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RoutePolicy;
import io.serai.route.deploy.RouteProblem;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Routes from the command line. */
final class RouteCommands {
    private RouteCommands() {}

    @Command(
            name = "routes",
            description = "List routes, check route files, or see and go back to earlier versions.",
            subcommands = {Check.class, History.class, Rollback.class})
    static final class Routes extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/routes");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("ROUTE", "DSL");
            for (JsonNode row : answer.path("routes")) {
                table.row(text(row, "id"), text(row, "dsl"));
            }
            table.print(out);
            for (JsonNode problem : answer.path("problems")) {
                out.println("does not run: " + Table.printable(text(problem, "file")) + ":" + text(problem, "line")
                        + ": " + Table.printable(text(problem, "message")));
            }
        }
    }

    @Command(name = "history", description = "Show every version of a route.")
    static final class History extends ClientCommand {
        @Parameters(index = "0", paramLabel = "ROUTE", description = "The route's id.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/objects/route/" + encode(name) + "/history");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            ObjectCommands.printVersions(answer, out);
        }
    }

    @Command(name = "rollback", description = "Put an older version of a route in force again, on all nodes.")
    static final class Rollback extends ClientCommand {
        @Parameters(index = "0", paramLabel = "ROUTE", description = "The route's id.")
        String name = "";

        @Parameters(index = "1", paramLabel = "VERSION", description = "A version from \"serai routes history\".")
        long version;

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/objects/route/" + encode(name) + "/rollback", Map.of("version", version));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            ApplyCommands.printChanges(answer, out);
        }
    }

    @Command(name = "check", description = "Check route files; needs no server. Status 1 when anything is wrong.")
    static final class Check implements Callable<Integer> {
        @Parameters(arity = "1..*", paramLabel = "FILE|DIR", description = "Route files or folders of them.")
        List<String> files = List.of();

        @Spec
        @Nullable
        CommandSpec spec;

        @Override
        public Integer call() {
            RouteChecker checker = new RouteChecker(RoutePolicy.DEFAULT);
            List<RouteProblem> problems = new ArrayList<>();
            List<DocumentFile> sources = SourceFiles.read(files);
            for (DocumentFile source : sources) {
                problems.addAll(checker.check(source.name(), source.text()));
            }
            PrintWriter out = spec == null
                    ? new PrintWriter(System.out, true)
                    : spec.commandLine().getOut();
            problems.forEach(problem -> out.println(Table.printable(problem.toString())));
            if (problems.isEmpty()) {
                out.println(sources.size() + (sources.size() == 1 ? " file is right" : " files are right"));
            }
            out.flush();
            return problems.isEmpty() ? 0 : 1;
        }
    }
}
