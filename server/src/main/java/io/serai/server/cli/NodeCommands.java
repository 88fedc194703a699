package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The server itself from the command line. */
final class NodeCommands {
    private NodeCommands() {}

    @Command(name = "status", description = "Show how the server stands.")
    static final class Status extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/status");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.printf(
                    "node %s (version %s, pid %s), %s since %s%n",
                    text(answer, "name"),
                    text(answer, "version"),
                    text(answer, "pid"),
                    text(answer, "state"),
                    Sizes.time(text(answer, "started")));
            out.printf("database %s, storage %s%n", text(answer, "database"), text(answer, "storage"));
            out.printf("sessions %s, running events %s%n", text(answer, "sessions"), text(answer, "runningEvents"));
            out.print("events:");
            answer.path("events").fields().forEachRemaining(e -> out.print(" " + e.getKey() + " " + e.getValue()));
            out.println();
            Table listeners = new Table("LISTENER", "PROTOCOL", "ADDRESS", "PORT");
            for (JsonNode row : answer.path("listeners")) {
                listeners.row(text(row, "name"), text(row, "protocol"), text(row, "address"), text(row, "port"));
            }
            listeners.print(out);
        }

        @Override
        int exitCode(JsonNode answer) {
            return answer.path("healthy").asBoolean(true) ? 0 : 1;
        }
    }

    @Command(name = "sessions", description = "List the sessions of partners in the cluster.")
    static final class Sessions extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/sessions");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("SINCE", "ACCOUNT", "PROTOCOL", "LISTENER", "NODE", "CLIENT", "SOFTWARE", "ID");
            for (JsonNode row : answer.path("sessions")) {
                table.row(
                        Sizes.time(text(row, "opened")),
                        text(row, "account"),
                        text(row, "protocol"),
                        text(row, "listener"),
                        text(row, "node"),
                        text(row, "client"),
                        text(row, "clientSoftware"),
                        text(row, "id"));
            }
            table.print(out);
        }
    }

    @Command(
            name = "session",
            description = "End a session.",
            subcommands = {EndSession.class})
    static final class Session {}

    @Command(name = "end", description = "End a session on whichever node; its running uploads are kept as parts.")
    static final class EndSession extends ClientCommand {
        @Parameters(paramLabel = "ID", description = "The session's id.")
        String id = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.delete("/api/v1/sessions/" + encode(id));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Ended");
        }
    }

    @Command(name = "drain", description = "Take no new work; running work finishes.")
    static final class Drain extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/drain", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("The server takes no new work (serai undrain ends this)");
        }
    }

    @Command(name = "undrain", description = "Take new work again.")
    static final class Undrain extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/undrain", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("The server takes new work");
        }
    }
}
