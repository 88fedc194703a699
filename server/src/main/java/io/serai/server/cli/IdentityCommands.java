package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.server.client.AdminClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What the listeners of all nodes show to partners, from the command line. */
final class IdentityCommands {
    private IdentityCommands() {}

    @Command(
            name = "identity",
            description = "List the versions of the cluster's host keys and certificate, or put others in force.",
            subcommands = {Certificate.class, HostKeys.class, Rollback.class})
    static final class Identity extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/identities");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            versions(answer, out);
        }
    }

    @Command(name = "certificate", description = "Put another certificate in force, from each node's next start on.")
    static final class Certificate extends ClientCommand {
        @Parameters(index = "0", paramLabel = "CHAIN", description = "The PEM file of the certificate and its chain.")
        Path chain = Path.of("");

        @Parameters(index = "1", paramLabel = "KEY", description = "The PEM file of its private key.")
        Path key = Path.of("");

        @Override
        JsonNode call(AdminClient client) {
            return client.post(
                    "/api/v1/identities/certificate",
                    Map.of("files", Map.of("tls-certificate.pem", content(chain), "tls-key.pem", content(key))));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            versions(answer, out);
            out.println("In force on each node from its next start on");
        }
    }

    @Command(name = "host-keys", description = "Put other SSH host keys in force, from each node's next start on.")
    static final class HostKeys extends ClientCommand {
        @Parameters(arity = "1..*", paramLabel = "FILE", description = "Private keys, called ssh_host_TYPE_key.")
        List<Path> keys = List.of();

        @Override
        JsonNode call(AdminClient client) {
            Map<String, String> files = new LinkedHashMap<>();
            keys.forEach(file -> files.put(file.getFileName().toString(), content(file)));
            return client.post("/api/v1/identities/host-keys", Map.of("files", files));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            versions(answer, out);
            out.println("In force on each node from its next start on");
        }
    }

    @Command(name = "rollback", description = "Put an older version in force, from each node's next start on.")
    static final class Rollback extends ClientCommand {
        @Parameters(index = "0", paramLabel = "KIND", description = "host-keys or certificate.")
        String kind = "";

        @Parameters(index = "1", paramLabel = "VERSION", description = "A version from \"serai identity\".")
        long version;

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/identities/" + encode(kind) + "/rollback", Map.of("version", version));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            versions(answer, out);
            out.println("In force on each node from its next start on");
        }
    }

    private static void versions(JsonNode answer, PrintWriter out) {
        Table table = new Table("KIND", "VERSION", "AT", "BY");
        for (JsonNode row : answer.path("versions")) {
            table.row(
                    ClientCommand.text(row, "name"),
                    ClientCommand.text(row, "version"),
                    Sizes.time(ClientCommand.text(row, "madeAt")),
                    ClientCommand.text(row, "madeBy"));
        }
        table.print(out);
    }

    private static String content(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.NO_SUCH_FILE, "The file " + file + " cannot be read: " + e, e);
        }
    }
}
