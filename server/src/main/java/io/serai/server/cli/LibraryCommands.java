package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.server.client.AdminClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Libraries of custom steps from the command line. */
final class LibraryCommands {
    private LibraryCommands() {}

    @Command(
            name = "library",
            description = "List the libraries of custom steps, add one to all nodes, or remove one.",
            subcommands = {Add.class, Remove.class})
    static final class Libraries extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/objects", AdminClient.query("kind", "library"));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("LIBRARY", "VERSION", "CHANGED", "BY");
            for (JsonNode row : answer.path("objects")) {
                table.row(
                        text(row, "name"),
                        text(row, "version"),
                        Sizes.time(text(row, "changedAt")),
                        text(row, "changedBy"));
            }
            table.print(out);
        }
    }

    @Command(
            name = "add",
            description = "Bring a signed JAR in force on all nodes; a library of this name gets a new version.")
    static final class Add extends ClientCommand {
        @Parameters(index = "0", paramLabel = "NAME", description = "The library's name.")
        String name = "";

        @Parameters(index = "1", paramLabel = "JAR", description = "The JAR, at most 8 MiB.")
        Path jar = Path.of("");

        @Option(
                names = "--signature",
                required = true,
                paramLabel = "FILE",
                description = "Its Ed25519 signature, as \"openssl pkeyutl -sign -rawin\" writes it.")
        Path signature = Path.of("");

        @Override
        JsonNode call(AdminClient client) {
            Base64.Encoder encoder = Base64.getEncoder();
            return client.post(
                    "/api/v1/libraries/" + encode(name),
                    Map.of(
                            "jar",
                            encoder.encodeToString(bytes(jar)),
                            "signature",
                            encoder.encodeToString(bytes(signature))));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            ApplyCommands.printChanges(answer, out);
        }

        private static byte[] bytes(Path file) {
            try {
                return Files.readAllBytes(file);
            } catch (IOException e) {
                throw new SeraiException(ErrorCode.NO_SUCH_FILE, "The file " + file + " cannot be read: " + e, e);
            }
        }
    }

    @Command(name = "remove", description = "Remove a library from all nodes; refused while a route uses it.")
    static final class Remove extends ClientCommand {
        @Parameters(index = "0", paramLabel = "NAME", description = "The library's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/delete", Map.of("objects", List.of(Map.of("kind", "library", "name", name))));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            ApplyCommands.printChanges(answer, out);
        }
    }
}
