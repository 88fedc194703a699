package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tokens of the admin API, and the key that secrets are encrypted under. */
final class TokenCommands {
    private TokenCommands() {}

    @Command(
            name = "token",
            description = "Create, list or revoke tokens of the admin API.",
            subcommands = {Create.class, ListTokens.class, Revoke.class})
    static final class Token {}

    @Command(name = "create", description = "Create a token; it is shown once.")
    static final class Create extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "Who or what uses it.")
        String name = "";

        @Option(names = "--role", paramLabel = "ROLE", description = "viewer (the default), operator or admin.")
        String role = "viewer";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/tokens", Map.of("name", name, "role", role));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println(text(answer, "token"));
        }
    }

    @Command(name = "list", description = "List the tokens.")
    static final class ListTokens extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/tokens");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("NAME", "ROLE", "CREATED", "BY", "LAST USED");
            for (JsonNode row : answer.path("tokens")) {
                table.row(
                        text(row, "name"),
                        text(row, "role"),
                        Sizes.time(text(row, "created")),
                        text(row, "createdBy"),
                        Sizes.time(text(row, "lastUsed")));
            }
            table.print(out);
        }
    }

    @Command(name = "revoke", description = "Revoke a token at once.")
    static final class Revoke extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "The token's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.delete("/api/v1/tokens/" + encode(name));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Revoked");
        }
    }

    @Command(
            name = "secrets",
            description = "The key that secrets are encrypted under.",
            subcommands = {Rotate.class})
    static final class Secrets {}

    @Command(name = "rotate", description = "Make a new key and encrypt every stored secret under it.")
    static final class Rotate extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/secrets/rotate", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("A new key is in use; " + text(answer, "objects") + " objects were encrypted anew");
        }
    }
}
