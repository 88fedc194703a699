package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What operators do with an edge that is there. */
final class EdgeWorkCommands {
    private EdgeWorkCommands() {}

    @Command(
            name = "drain",
            description = {
                "Have an edge take no more partners. Sessions that are there go on; when the last one has ended, the edge",
                "closes its ports. It stays drained, also after a restart."
            })
    static final class Drain extends ClientCommand {
        @Parameters(paramLabel = "EDGE", description = "The edge's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/edges/" + encode(name) + "/drain", Map.of());
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println(
                    "The edge " + name + " takes no more partners; \"serai edges\" shows how many sessions it has yet");
        }
    }

    @Command(name = "undrain", description = "Have an edge take partners again.")
    static final class Undrain extends ClientCommand {
        @Parameters(paramLabel = "EDGE", description = "The edge's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/edges/" + encode(name) + "/undrain", Map.of());
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("The edge " + name + " takes partners again");
        }
    }

    @Command(name = "routes", description = "Show the routes of an edge as YAML: what its zone says, or its own files.")
    static final class Routes extends ClientCommand {
        @Parameters(paramLabel = "EDGE", description = "The edge's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/edges/" + encode(name) + "/routes");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("# " + name + ", from " + text(answer, "from"));
            answer.path("files").fields().forEachRemaining(file -> {
                out.println("# ---- " + file.getKey());
                file.getValue().asText().lines().forEach(line -> out.println(Table.printable(line)));
            });
        }
    }

    @Command(
            name = "sync",
            description = {
                "Have the edges that have route files of their own compare them now, and show how they are. A change of one",
                "edge gets to the others by itself; where two edges were changed, nothing is overwritten until --take."
            })
    static final class Sync extends ClientCommand {
        @Option(
                names = "--take",
                paramLabel = "EDGE",
                description = "Make the files of this edge the next version, which the others take.")
        @Nullable
        String take;

        @Option(names = "--diff", description = "Show the lines that differ.")
        boolean diff;

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/edge-files", take == null ? Map.of() : Map.of("take", take));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            if (answer.path("zones").isEmpty()) {
                out.println("No edge has route files of its own (routes: FOLDER in its edge.yaml)");
                return;
            }
            Table table = new Table("ZONE", "EDGE", "FILES", "VERSION", "HEARD");
            List<String> remarks = new ArrayList<>();
            for (JsonNode zone : answer.path("zones")) {
                if (zone.hasNonNull("version")) {
                    remarks.add(text(zone, "zone") + ": version " + text(zone, "version") + " is from "
                            + text(zone, "edge") + ", " + Sizes.time(text(zone, "at")) + ", by " + text(zone, "by"));
                }
                for (JsonNode edge : zone.path("edges")) {
                    table.row(
                            text(zone, "zone"),
                            text(edge, "edge"),
                            text(edge, "state"),
                            text(edge, "version"),
                            Sizes.time(text(edge, "at")));
                    remark(edge, remarks);
                }
            }
            table.print(out);
            remarks.forEach(remark -> remark.lines().forEach(line -> out.println(Table.printable(line))));
        }

        private void remark(JsonNode edge, List<String> remarks) {
            String name = text(edge, "edge");
            if (!edge.path("problem").asText("").isEmpty()) {
                remarks.add(name + ": " + text(edge, "problem"));
            }
            if (text(edge, "state").equals("conflict")) {
                remarks.add(name
                        + ": it and another edge were changed, nothing is overwritten; say which counts: serai edge"
                        + " sync --take EDGE");
            }
            if (text(edge, "state").equals("changed")) {
                remarks.add(name + ": its files wait for you: serai edge sync --take " + name);
            }
            for (JsonNode difference : edge.path("differences")) {
                remarks.add("  " + text(difference, "file") + ": " + text(difference, "what"));
                if (diff) {
                    remarks.add(text(difference, "lines"));
                }
            }
        }

        @Override
        int exitCode(JsonNode answer) {
            for (JsonNode zone : answer.path("zones")) {
                for (JsonNode edge : zone.path("edges")) {
                    if (text(edge, "state").equals("conflict")
                            || text(edge, "state").equals("broken")) {
                        return 1;
                    }
                }
            }
            return 0;
        }
    }
}
