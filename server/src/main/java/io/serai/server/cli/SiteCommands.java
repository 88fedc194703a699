package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sites from the command line. */
final class SiteCommands {
    private SiteCommands() {}

    @Command(
            name = "site",
            description = "Trust or test a site.",
            subcommands = {Trust.class, Test.class})
    static final class Site {}

    @Command(
            name = "trust",
            description = {
                "Show the fingerprint that a site presents now, and trust it with --confirm FINGERPRINT.",
                "Compare the fingerprint with what the partner told you by another way before you confirm."
            })
    static final class Trust extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "The site's name.")
        String name = "";

        @Option(
                names = "--confirm",
                paramLabel = "FINGERPRINT",
                description = "Trust the key with this fingerprint; refused when the site presents another one.")
        @Nullable
        String confirm;

        @Override
        JsonNode call(AdminClient client) {
            if (confirm == null) {
                return client.post("/api/v1/sites/" + encode(name) + "/probe", null);
            }
            return client.post("/api/v1/sites/" + encode(name) + "/trust", Map.of("fingerprint", confirm));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            if (confirm != null) {
                out.println("Site " + name + " is trusted by " + confirm);
                return;
            }
            Table table = new Table("KIND", "FINGERPRINT", "TRUSTED");
            for (JsonNode row : answer.path("identities")) {
                table.row(text(row, "kind"), text(row, "fingerprint"), text(row, "trusted"));
            }
            table.print(out);
            out.println();
            out.println("If the partner confirms a fingerprint: serai site trust " + name + " --confirm FINGERPRINT");
        }
    }

    @Command(name = "test", description = "Connect to a site, log in and list its folder.")
    static final class Test extends ClientCommand {
        @Parameters(paramLabel = "NAME", description = "The site's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/sites/" + encode(name) + "/test", null);
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println(Table.printable(text(answer, "result")));
        }
    }
}
