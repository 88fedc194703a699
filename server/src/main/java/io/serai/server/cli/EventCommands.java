package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The event queue from the command line. */
final class EventCommands {
    private EventCommands() {}

    @Command(name = "events", description = "List events that wait, run or are parked.")
    static final class Events extends ClientCommand {
        @Option(names = "--state", paramLabel = "STATE", description = "ready, claimed, waiting or parked.")
        @Nullable
        String state;

        @Option(names = "--route", paramLabel = "ID", description = "Of this route only.")
        @Nullable
        String route;

        @Option(names = "--party", paramLabel = "NAME", description = "Of this account or site only.")
        @Nullable
        String party;

        @Option(names = "--limit", paramLabel = "N", description = "At most so many (50).")
        int limit = 50;

        @Override
        JsonNode call(AdminClient client) {
            return client.get(
                    "/api/v1/events",
                    AdminClient.query(
                            "state", state, "route", route, "party", party, "limit", Integer.toString(limit)));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("ID", "KIND", "STATE", "ROUTE", "PARTY", "ATTEMPTS", "DUE", "PATH", "ERROR");
            for (JsonNode row : answer.path("events")) {
                table.row(
                        text(row, "id"),
                        text(row, "kind"),
                        text(row, "state"),
                        text(row, "route"),
                        text(row, "fairShare"),
                        text(row, "attempts"),
                        Sizes.time(text(row, "due")),
                        text(row, "path"),
                        text(row, "error"));
            }
            table.print(out);
        }
    }

    @Command(
            name = "event",
            description = "Show, retry or cancel an event.",
            subcommands = {Show.class, Retry.class, Cancel.class})
    static final class Event {}

    @Command(name = "show", description = "Show an event with its attempts.")
    static final class Show extends ClientCommand {
        @Parameters(paramLabel = "ID", description = "The event's number.")
        String id = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/events/" + encode(id));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            answer.fields().forEachRemaining(field -> {
                if (field.getValue().isValueNode()) {
                    out.printf(
                            "%-12s %s%n",
                            field.getKey() + ":",
                            Table.printable(field.getValue().asText()));
                }
            });
            Table attempts = new Table("ATTEMPT", "ENDED", "NODE", "STEP", "CODE", "ERROR");
            for (JsonNode attempt : answer.path("history")) {
                attempts.row(
                        text(attempt, "number"),
                        Sizes.time(text(attempt, "ended")),
                        text(attempt, "node"),
                        text(attempt, "step"),
                        text(attempt, "code"),
                        text(attempt, "text"));
            }
            out.println();
            attempts.print(out);
        }
    }

    @Command(name = "retry", description = "Run a parked or waiting event now.")
    static final class Retry extends ClientCommand {
        @Parameters(paramLabel = "ID", description = "The event's number.")
        String id = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/events/" + encode(id) + "/retry", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Event " + id + " is ready");
        }
    }

    @Command(name = "cancel", description = "End an event unrun, or stop the one that runs.")
    static final class Cancel extends ClientCommand {
        @Parameters(paramLabel = "ID", description = "The event's number.")
        String id = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/events/" + encode(id) + "/cancel", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Event " + id + " was cancelled");
        }
    }
}
