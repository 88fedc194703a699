package io.serai.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;

/** Bringing configuration objects in force. */
final class ApplyCommands {
    private ApplyCommands() {}

    static void printChanges(JsonNode answer, PrintWriter out) {
        JsonNode changes = answer.path("changes");
        for (JsonNode change : changes) {
            out.printf(
                    "%-9s %s/%s%n",
                    ClientCommand.text(change, "change"),
                    ClientCommand.text(change, "kind"),
                    ClientCommand.text(change, "name"));
            for (JsonNode field : change.path("fields")) {
                out.println("            " + Table.printable(field.asText()));
            }
        }
        if (changes.isEmpty()) {
            out.println("Nothing to change");
        }
    }
}
