package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Schedules from the command line. */
final class ScheduleCommands {
    private ScheduleCommands() {}

    @Command(name = "schedules", description = "List schedules with their next and last fires.")
    static final class Schedules extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/schedules");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("SCHEDULE", "ROUTE", "STATE", "NEXT", "LAST", "OUTCOME", "EVENT");
            for (JsonNode row : answer.path("schedules")) {
                JsonNode last = row.path("last");
                table.row(
                        text(row, "schedule"),
                        text(row, "route"),
                        text(row, "state"),
                        Sizes.time(text(row, "next")),
                        Sizes.time(text(last, "planned")),
                        text(last, "outcome"),
                        text(last, "event"));
            }
            table.print(out);
        }
    }

    @Command(
            name = "schedule",
            description = "Show the fires of a schedule, run it now, pause or resume it.",
            subcommands = {Fires.class, Run.class, Pause.class, Resume.class})
    static final class Schedule {}

    @Command(name = "fires", description = "Show the last fires and what came of each.")
    static final class Fires extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "The schedule's name.")
        String name = "";

        @Option(names = "--limit", paramLabel = "N", description = "At most so many (50).")
        int limit = 50;

        @Override
        JsonNode call(AdminClient client) {
            return client.get(
                    "/api/v1/schedules/" + encode(name) + "/fires",
                    AdminClient.query("limit", Integer.toString(limit)));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("PLANNED", "ROUTE", "OUTCOME", "EVENT", "STATE", "ASKED BY", "NOTE");
            for (JsonNode row : answer.path("fires")) {
                table.row(
                        Sizes.time(text(row, "planned")),
                        text(row, "route"),
                        text(row, "outcome"),
                        text(row, "eventId"),
                        text(row, "event"),
                        text(row, "askedBy"),
                        text(row, "note"));
            }
            table.print(out);
        }
    }

    @Command(name = "run", description = "Make the events of a schedule now.")
    static final class Run extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "The schedule's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/schedules/" + encode(name) + "/run", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            answer.path("events")
                    .fields()
                    .forEachRemaining(made -> out.println("Event "
                            + made.getValue().asText() + " of route " + Table.printable(made.getKey()) + " is queued"));
        }
    }

    @Command(name = "pause", description = "Stop the clock of a schedule on all nodes.")
    static final class Pause extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "The schedule's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/schedules/" + encode(name) + "/pause", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Schedule " + name + " is paused");
        }
    }

    @Command(name = "resume", description = "Start the clock of a schedule again; what was due meanwhile is left out.")
    static final class Resume extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "The schedule's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/schedules/" + encode(name) + "/resume", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Schedule " + name
                    + (answer.path("wasPaused").asBoolean() ? " is active again" : " was not paused"));
        }
    }
}
