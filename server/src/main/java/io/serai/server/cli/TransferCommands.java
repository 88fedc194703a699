package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The ledger from the command line. */
final class TransferCommands {
    private TransferCommands() {}

    @Command(name = "transfers", description = "List transfers, newest first.")
    static final class Transfers extends ClientCommand {
        @Option(names = "--party", paramLabel = "NAME", description = "An account or a site.")
        @Nullable
        String party;

        @Option(names = "--account", paramLabel = "NAME", description = "The same as --party.")
        @Nullable
        String account;

        @Option(
                names = {"--state", "--status"},
                paramLabel = "STATE",
                description = "running, completed, failed, aborted or cancelled.")
        @Nullable
        String state;

        @Option(names = "--kind", paramLabel = "KIND", description = "upload, download, pull or delivery.")
        @Nullable
        String kind;

        @Option(names = "--name", paramLabel = "PATTERN", description = "The file's name, with * and ?.")
        @Nullable
        String name;

        @Option(names = "--from", paramLabel = "TIME", description = "Started at or after, as 2026-01-31T08:00:00Z.")
        @Nullable
        String from;

        @Option(names = "--until", paramLabel = "TIME", description = "Started before.")
        @Nullable
        String until;

        @Option(names = "--limit", paramLabel = "N", description = "At most so many (50).")
        int limit = 50;

        @Override
        JsonNode call(AdminClient client) {
            return client.get(
                    "/api/v1/transfers",
                    AdminClient.query(
                            "party",
                            party == null ? account : party,
                            "state",
                            state,
                            "kind",
                            kind,
                            "name",
                            name,
                            "from",
                            from,
                            "until",
                            until,
                            "limit",
                            Integer.toString(limit)));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            TransferTable.print(answer.path("transfers"), out);
        }
    }

    @Command(
            name = "transfer",
            description = "Show, resubmit or cancel a transfer.",
            subcommands = {Show.class, Resubmit.class, Cancel.class})
    static final class Transfer {}

    @Command(name = "show", description = "Show a transfer and every other transfer of the same file.")
    static final class Show extends ClientCommand {
        @Parameters(paramLabel = "ID", description = "The transfer's id.")
        String id = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/transfers/" + encode(id));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            answer.path("transfer")
                    .fields()
                    .forEachRemaining(field -> out.printf(
                            "%-12s %s%n",
                            field.getKey() + ":",
                            Table.printable(field.getValue().asText())));
            out.println();
            out.println("The file's way:");
            TransferTable.print(answer.path("file"), out);
        }
    }

    @Command(name = "resubmit", description = "Send an inbound file through its route again, with its original bytes.")
    static final class Resubmit extends ClientCommand {
        @Parameters(paramLabel = "ID", description = "The id of an upload or pull.")
        String id = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/transfers/" + encode(id) + "/resubmit", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            for (JsonNode event : answer.path("events")) {
                out.println("Queued as event " + event.asText());
            }
        }
    }

    @Command(name = "cancel", description = "Stop a running transfer.")
    static final class Cancel extends ClientCommand {
        @Parameters(paramLabel = "ID", description = "The transfer's id.")
        String id = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/transfers/" + encode(id) + "/cancel", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println(answer.path("cancelled").asBoolean() ? "It was asked to stop" : "It had ended already");
        }
    }
}
