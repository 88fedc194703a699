package io.serai.server.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.cli.TransferTable;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;

/** Prints the ledger, and what a person could type next. */
final class DemoReport {
    private final PrintWriter out;

    DemoReport(PrintWriter out) {
        this.out = out;
    }

    void ledger(DemoServer house) {
        JsonNode transfers = house.admin().get("/api/v1/transfers", Map.of("limit", "40"));
        out.println();
        out.println("Our ledger (serai transfers):");
        out.println();
        TransferTable.print(transfers.path("transfers"), out);
    }

    void next(DemoServer house, String password) {
        String serai = Optional.ofNullable(System.getProperty("serai.launcher")).orElse("serai");
        out.println();
        out.println("While this runs, in another terminal (the password is " + password + "):");
        out.println();
        out.printf("  sftp -P %d acme@127.0.0.1%n", house.port("sftp"));
        out.printf(
                "  lftp -e 'set ssl:verify-certificate no' -u globex,%s ftp://127.0.0.1:%d%n",
                password, house.port("ftps"));
        out.printf("  curl -k -u initech:%s -T FILE https://127.0.0.1:%d/outbox/%n", password, house.port("https"));
        out.printf("  %s transfers --home %s%n", serai, house.home());
        out.printf("  %s status --home %s%n", serai, house.home());
        out.flush();
    }
}
