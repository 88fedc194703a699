package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Edges from the command line. */
final class EdgeCommands {
    private EdgeCommands() {}

    @Command(name = "edges", description = "Show the edges of all zones, and how the servers' links to them are.")
    static final class Edges extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/edges");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            if (answer.path("edges").isEmpty()) {
                out.println("No zone has an edge (kind: Zone)");
                return;
            }
            Table table = new Table(
                    "ZONE",
                    "EDGE",
                    "STATE",
                    "LINKED BY",
                    "RTT",
                    "SESSIONS",
                    "STREAMS",
                    "CONFIGURATION",
                    "VERSION",
                    "PIN",
                    "ADDRESSES");
            List<String> remarks = new ArrayList<>();
            for (JsonNode row : answer.path("edges")) {
                table.row(
                        text(row, "zone"),
                        text(row, "edge"),
                        text(row, "state"),
                        joined(row, "linkedBy"),
                        row.hasNonNull("roundTripMicros")
                                ? millis(row.path("roundTripMicros").asLong())
                                : "-",
                        text(row, "sessions"),
                        text(row, "streams"),
                        configuration(row),
                        text(row, "software"),
                        pin(row),
                        joined(row, "addresses"));
                remark(row, remarks);
            }
            table.print(out);
            remarks.forEach(remark -> out.println(Table.printable(remark)));
        }

        private static String configuration(JsonNode row) {
            if (row.hasNonNull("files") && text(row, "routes").equals("own")) {
                return "own files, version " + text(row, "filesVersion")
                        + (text(row, "files").equals("same") ? "" : " (" + text(row, "files") + ")");
            }
            if (!row.hasNonNull("configuration")) {
                return "-";
            }
            String digest = row.path("configuration").asText();
            String shown = digest.isEmpty() ? "none" : digest.substring(0, Math.min(8, digest.length()));
            return row.path("drift").asBoolean() ? shown + " (drift)" : shown;
        }

        private static void remark(JsonNode row, List<String> remarks) {
            String edge = text(row, "edge");
            for (JsonNode server : row.path("servers")) {
                boolean linked = server.hasNonNull("connections");
                String failure = text(server, "failure");
                if (!linked && !text(server, "state").equals("not enrolled")) {
                    remarks.add(edge + ": not linked by " + text(server, "server") + ": "
                            + (failure.isBlank() ? "it is being dialled" : failure));
                }
            }
            if (row.path("drained").asBoolean()) {
                remarks.add(edge + ": drained (serai edge undrain " + edge + " ends this)");
            }
            if (!row.path("problem").asText("").isBlank()) {
                remarks.add(edge + ": " + text(row, "problem"));
            }
        }

        private static String joined(JsonNode row, String field) {
            List<String> words = new ArrayList<>();
            row.path(field).forEach(word -> words.add(word.asText()));
            return words.isEmpty() ? "-" : String.join(",", words);
        }

        private static String pin(JsonNode row) {
            List<String> pins = new ArrayList<>();
            row.path("pins").forEach(pin -> pins.add(pin.asText().substring(0, 8)));
            return pins.isEmpty() ? "-" : String.join(",", pins);
        }

        private static String millis(long micros) {
            return String.format(Locale.ROOT, "%.1f ms", micros / 1000.0);
        }
    }

    @Command(
            name = "edge",
            description = "Enrol an edge, drain it, look at its routes, synchronise its files.",
            subcommands = {
                Enrol.class,
                Enrolments.class,
                TakeBack.class,
                Drain.class,
                Undrain.class,
                Routes.class,
                Sync.class
            })
    static final class Edge {}

    @Command(
            name = "enrol",
            description = {
                "Print a one-time code; a machine that is started with it becomes this edge:",
                "serai-edge --enrol CODE. This server then finds it at its address, and both learn each other's keys."
            })
    static final class Enrol extends ClientCommand {
        @Parameters(paramLabel = "EDGE", description = "The edge's name.")
        String name = "";

        @Option(names = "--zone", paramLabel = "ZONE", description = "Its zone, when no zone names the edge yet.")
        @Nullable
        String zone;

        @Option(
                names = "--address",
                paramLabel = "HOST:PORT",
                description = "Where its link will be, when its zone does not say; may be repeated.")
        List<String> addresses = new ArrayList<>();

        @Option(names = "--valid", paramLabel = "TIME", description = "How long the code is valid; 1h if not given.")
        String valid = "1h";

        @Option(names = "--replace", description = "Enrol anew an edge that has a key already.")
        boolean replace;

        @Override
        JsonNode call(AdminClient client) {
            Map<String, Object> body = new LinkedHashMap<>();
            if (zone != null) {
                body.put("zone", zone);
            }
            body.put("addresses", addresses);
            body.put("valid", valid);
            body.put("replace", replace);
            return client.post("/api/v1/edges/" + encode(name) + "/enrolment", body);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println(text(answer, "code"));
        }
    }

    @Command(name = "enrolments", description = "List the enrolments that this server has begun.")
    static final class Enrolments extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/enrolments");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("EDGE", "ZONE", "STATE", "UNTIL", "BY", "TEXT");
            for (JsonNode row : answer.path("enrolments")) {
                table.row(
                        text(row, "edge"),
                        text(row, "zone"),
                        text(row, "state"),
                        Sizes.time(text(row, "until")),
                        text(row, "by"),
                        text(row, "text"));
            }
            table.print(out);
        }
    }

    @Command(name = "revoke", description = "Take the code of an edge back.")
    static final class TakeBack extends ClientCommand {
        @Parameters(paramLabel = "EDGE", description = "The edge's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.delete("/api/v1/edges/" + encode(name) + "/enrolment");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Taken back");
        }
    }

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
            out.println("# " + name + ", from " + Table.printable(text(answer, "from")));
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
