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

/** Networks that are not let in. */
final class BanCommands {
    private BanCommands() {}

    @Command(
            name = "bans",
            description = "List, add or remove networks that no server of the cluster lets in.",
            subcommands = {ListBans.class, Add.class, Remove.class})
    static final class Bans {}

    @Command(name = "list", description = "List the bans in force.")
    static final class ListBans extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/bans");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("NETWORK", "SINCE", "UNTIL", "BY", "REASON");
            for (JsonNode row : answer.path("bans")) {
                table.row(
                        text(row, "network"),
                        Sizes.time(text(row, "since")),
                        row.path("until").isMissingNode() ? "removed" : Sizes.time(text(row, "until")),
                        text(row, "by"),
                        text(row, "reason"));
            }
            table.print(out);
        }
    }

    @Command(name = "add", description = "Ban a network and end its sessions.")
    static final class Add extends ClientCommand {
        @Parameters(paramLabel = "NETWORK", description = "An address, or a network such as 192.0.2.0/24.")
        String network = "";

        @Option(names = "--reason", paramLabel = "TEXT", description = "Why; shown in the list.")
        String reason = "";

        @Option(
                names = "--for",
                paramLabel = "DURATION",
                description = "For how long, such as 2h; without it until it is removed.")
        String time = "";

        @Override
        JsonNode call(AdminClient client) {
            Map<String, String> body = new LinkedHashMap<>();
            body.put("network", network);
            body.put("reason", reason);
            if (!time.isEmpty()) {
                body.put("for", time);
            }
            return client.post("/api/v1/bans", body);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Banned " + text(answer, "network"));
        }
    }

    @Command(name = "remove", description = "Take a ban away.")
    static final class Remove extends ClientCommand {
        @Parameters(paramLabel = "NETWORK", description = "As serai bans list shows it.")
        String network = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.delete("/api/v1/bans/" + encode(network));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Removed the ban of " + text(answer, "network"));
        }
    }
}
