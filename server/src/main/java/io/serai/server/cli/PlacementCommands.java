package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Wishes about where events run. */
final class PlacementCommands {
    private PlacementCommands() {}

    @Command(
            name = "placement",
            description = "List, add or remove wishes about which nodes run which events.",
            subcommands = {ListRules.class, Add.class, Remove.class})
    static final class Placement {}

    @Command(name = "list", description = "List the rules.")
    static final class ListRules extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/placement");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("NAME", "PREFERS", "KIND", "ACCOUNT", "ROUTE", "WAIT");
            for (JsonNode row : answer.path("rules")) {
                table.row(
                        text(row, "name"),
                        text(row, "label"),
                        text(row, "kind"),
                        text(row, "account"),
                        text(row, "route"),
                        Math.round(row.path("patience").asDouble()) + " s");
            }
            table.print(out);
        }
    }

    @Command(
            name = "add",
            description =
                    "Leave events to nodes with a label; after the wait, or when none of them lives, any node takes"
                            + " them.")
    static final class Add extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "The rule's name; one of that name is replaced.")
        String name = "";

        @Option(
                names = "--prefer",
                paramLabel = "LABEL",
                required = true,
                description = "The label (setting node.labels) of the nodes that are preferred.")
        String label = "";

        @Option(names = "--kind", paramLabel = "KIND", description = "arrival, pull, schedule or resubmit.")
        String kind = "";

        @Option(
                names = "--account",
                paramLabel = "NAME",
                description = "Events of this account, or pulls of this site.")
        String account = "";

        @Option(names = "--route", paramLabel = "ID", description = "Events of this route.")
        String route = "";

        @Option(
                names = "--wait",
                paramLabel = "DURATION",
                description = "How long an event is left to them, 10s unless given, 10m at most.")
        String time = "10s";

        @Override
        JsonNode call(AdminClient client) {
            Map<String, String> body = new LinkedHashMap<>();
            body.put("name", name);
            body.put("label", label);
            body.put("kind", kind);
            body.put("account", account);
            body.put("route", route);
            body.put("wait", time);
            return client.post("/api/v1/placement", body);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Added " + text(answer, "name"));
        }
    }

    @Command(name = "remove", description = "Take a rule away.")
    static final class Remove extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "The rule's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.delete("/api/v1/placement/" + encode(name));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Removed " + text(answer, "name"));
        }
    }
}
