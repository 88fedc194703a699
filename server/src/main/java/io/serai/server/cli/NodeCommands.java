package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.StringJoiner;
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
            if (answer.path("restartNeeded").asBoolean()) {
                out.println("its Node object was changed since; restart it to take the settings");
            }
            JsonNode cluster = answer.path("cluster");
            if (cluster.path("nodes").asInt() > 1) {
                out.printf(
                        "cluster of %s nodes, %s live%s%s%n",
                        text(cluster, "nodes"),
                        text(cluster, "live"),
                        names(", not live: ", cluster.path("notLive")),
                        names(", draining: ", cluster.path("draining")));
            }
            out.printf("sessions %s, running events %s%n", text(answer, "sessions"), text(answer, "runningEvents"));
            answer.path("health").fields().forEachRemaining(part -> {
                if (part.getValue().asText().startsWith("WARNING")) {
                    out.println(part.getKey() + ": " + part.getValue().asText());
                }
            });
            out.print("events:");
            answer.path("events").fields().forEachRemaining(e -> out.print(" " + e.getKey() + " " + e.getValue()));
            out.println();
            Table listeners = new Table("LISTENER", "PROTOCOL", "ADDRESS", "PORT");
            for (JsonNode row : answer.path("listeners")) {
                listeners.row(text(row, "name"), text(row, "protocol"), text(row, "address"), text(row, "port"));
            }
            listeners.print(out);
        }

        private static String names(String title, JsonNode names) {
            StringJoiner text = new StringJoiner(", ", title, "");
            text.setEmptyValue("");
            names.forEach(name -> text.add(name.asText()));
            return text.toString();
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
}
