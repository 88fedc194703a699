package io.serai.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.document.DocumentFile;
import io.serai.config.document.Documents;
import io.serai.config.secret.LocalSecrets;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Bringing configuration objects in force. */
final class ApplyCommands {
    private ApplyCommands() {}

    @Command(
            name = "apply",
            description = {
                "Bring configuration objects and routes in force: all of them, or none when anything is wrong.",
                "Secrets may be given as env:NAME or file:PATH; they are read here, where the command runs."
            })
    static final class Apply extends ClientCommand {
        @Option(
                names = {"-f", "--file"},
                required = true,
                paramLabel = "FILE|DIR",
                description = "A file, a folder with all below it, or - for standard input; may be given again.")
        List<String> files = List.of();

        @Option(names = "--dry-run", description = "Only say what would change.")
        boolean dryRun;

        @Override
        JsonNode call(AdminClient client) {
            return send(client, SourceFiles.read(files), dryRun);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            printChanges(answer, out);
        }
    }

    @Command(name = "diff", description = "Say what apply would change; status 1 when there is anything.")
    static final class Diff extends ClientCommand {
        @Option(
                names = {"-f", "--file"},
                required = true,
                paramLabel = "FILE|DIR",
                description = "As for apply.")
        List<String> files = List.of();

        @Override
        JsonNode call(AdminClient client) {
            return send(client, SourceFiles.read(files), true);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            printChanges(answer, out);
        }

        @Override
        int exitCode(JsonNode answer) {
            return answer.path("changes").isEmpty() ? 0 : 1;
        }
    }

    /** The texts go as they are; only the secrets that they refer to are looked up here. */
    static JsonNode send(AdminClient client, List<DocumentFile> documents, boolean dryRun) {
        LocalSecrets secrets = new LocalSecrets(System.getenv());
        // Cron expressions are the server's to check.
        var unused = new Documents(secrets, expression -> Optional.empty()).parse(documents);
        Map<String, String> found = new LinkedHashMap<>();
        secrets.found().forEach((reference, secret) -> found.put(reference, secret.reveal()));
        return client.post(
                "/api/v1/apply", Map.of("documents", documents(documents), "secrets", found, "dryRun", dryRun));
    }

    static List<Map<String, String>> documents(List<DocumentFile> files) {
        return files.stream()
                .map(file -> Map.of("name", file.name(), "text", file.text()))
                .toList();
    }

    static void printChanges(JsonNode answer, PrintWriter out) {
        JsonNode changes = answer.path("changes");
        for (JsonNode change : changes) {
            out.printf(
                    "%-9s %s/%s%n",
                    ClientCommand.text(change, "change"),
                    ClientCommand.text(change, "kind"),
                    ClientCommand.text(change, "name"));
            for (JsonNode field : change.path("fields")) {
                field.asText().lines().forEach(line -> out.println("            " + Table.printable(line)));
            }
        }
        if (changes.isEmpty()) {
            out.println("Nothing to change");
        }
        boolean onlyNodes = true;
        boolean runs = false;
        for (JsonNode change : changes) {
            String kind = ClientCommand.text(change, "kind");
            boolean ofNode = kind.equals("node");
            onlyNodes &= ofNode;
            runs |= kind.equals("route") || kind.equals("library");
            if (ofNode) {
                out.println("Node " + ClientCommand.text(change, "name") + " takes its settings at its next start");
            }
        }
        if (!onlyNodes) {
            printNodes(
                    answer.path("nodes"),
                    runs
                            ? "not finished by the former routes yet, or no answer"
                            : "no answer; it follows when it is back",
                    out);
        }
        if (answer.path("mayBeTakenBack").asBoolean()) {
            out.println(
                    "If a node cannot put it in force it is still taken back on every node: see serai history, where that"
                            + " is a version by \"NAME (taken back)\", and the log");
        }
    }

    /** Of a cluster: which nodes have the change, and why others may not. */
    private static void printNodes(JsonNode nodes, String why, PrintWriter out) {
        List<String> having = new ArrayList<>();
        List<String> waiting = new ArrayList<>();
        for (JsonNode node : nodes) {
            (node.path("inForce").asBoolean() ? having : waiting).add(ClientCommand.text(node, "node"));
        }
        if (!having.isEmpty() && having.size() + waiting.size() > 1) {
            out.println("In force on " + String.join(", ", having));
        }
        if (!waiting.isEmpty()) {
            out.println("Not yet on " + String.join(", ", waiting) + " (" + why + "; see serai nodes)");
        }
    }
}
