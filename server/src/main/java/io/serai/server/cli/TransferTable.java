package io.serai.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;

/** Shows rows of the ledger. */
public final class TransferTable {
    private TransferTable() {}

    public static void print(JsonNode rows, PrintWriter out) {
        Table table = new Table("STARTED", "KIND", "STATE", "PARTY", "PROTOCOL", "SIZE", "PATH", "ID");
        for (JsonNode row : rows) {
            table.row(
                    Sizes.time(ClientCommand.text(row, "started")),
                    ClientCommand.text(row, "kind"),
                    ClientCommand.text(row, "state"),
                    row.hasNonNull("account") ? row.get("account").asText() : ClientCommand.text(row, "site"),
                    ClientCommand.text(row, "protocol"),
                    Sizes.bytes(row.path("sizeBytes").asLong()),
                    ClientCommand.text(row, "path"),
                    ClientCommand.text(row, "id"));
        }
        table.print(out);
    }
}
