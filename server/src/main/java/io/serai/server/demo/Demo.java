package io.serai.server.demo;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.server.client.ServerProcess;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Two real servers on this machine: ours, and one that plays the partner company. Partners send files to ours by SFTP,
 * FTPS and HTTPS, its routes deliver them to the partner company by the same protocols, and a report is fetched from
 * there. Every file is read back where it should have arrived and compared.
 */
public final class Demo {
    private static final Duration ARRIVAL_LIMIT = Duration.ofMinutes(2);

    private final Path folder;
    private final PrintWriter out;
    private final List<String> failures = new ArrayList<>();

    /** @param folder where the two servers live; made by the caller, empty */
    public Demo(Path folder, PrintWriter out) {
        this.folder = folder;
        this.out = out;
    }

    /** What goes on after the files have arrived, while both servers still run. */
    @FunctionalInterface
    public interface Afterwards {
        /** @param showNext prints what a person could type next */
        void run(Runnable showNext);
    }

    /**
     * Runs the demo.
     *
     * @return 0 when every file arrived with the right checksum, else 1
     */
    public int run(Afterwards afterwards) {
        Map<String, String> anyPort = Map.of(
                "sftp.port",
                "0",
                "ftps.port",
                "0",
                "https.port",
                "0",
                "admin.port",
                "0",
                "sftp.bind-address",
                "127.0.0.1",
                "ftps.bind-address",
                "127.0.0.1",
                "https.bind-address",
                "127.0.0.1");
        say("Starting our server and the partner company's …");
        List<String> java = List.of("-Xmx384m", "-XX:MaxDirectMemorySize=192m", "-XX:+ExitOnOutOfMemoryError");
        try (ServerProcess partner = ServerProcess.start(folder.resolve("partner"), java, ServerProcess.LOOPBACK);
                ServerProcess house = ServerProcess.start(folder.resolve("house"), java, ServerProcess.LOOPBACK)) {
            DemoServer partnerServer = DemoServer.of(partner);
            DemoServer houseServer = DemoServer.of(house);
            say("Both are up.");
            String password = password();
            configure(houseServer, partnerServer, password);
            DemoTransfers transfers = new DemoTransfers(folder.resolve("files"), out, ARRIVAL_LIMIT);
            failures.addAll(transfers.run(houseServer, partnerServer, password));
            DemoReport report = new DemoReport(out);
            report.ledger(houseServer);
            verdict();
            afterwards.run(() -> report.next(houseServer, password));
            return failures.isEmpty() ? 0 : 1;
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.BUSY, "The demo failed: " + e.getMessage(), e);
        }
    }

    private void configure(DemoServer house, DemoServer partner, String password) throws IOException {
        say("Telling both who their partners are (serai apply) …");
        partner.apply(DemoFiles.read("partner", List.of("accounts.yaml"), Map.of("PASSWORD", password)));
        Map<String, String> values = Map.of(
                "PASSWORD", password,
                "SFTP_PORT", Integer.toString(partner.port("sftp")),
                "FTPS_PORT", Integer.toString(partner.port("ftps")),
                "HTTPS_PORT", Integer.toString(partner.port("https")));
        house.apply(DemoFiles.read("house", List.of("accounts.yaml", "sites.yaml"), values));
        say("Trusting the partner company's keys, compared with what its own server says (serai site trust) …");
        house.trust("warehouse", partner.fingerprints("sftp"));
        house.trust("bank", partner.fingerprints("ftps"));
        house.trust("insurer", partner.fingerprints("https"));
        house.apply(DemoFiles.read(
                "house",
                List.of("acme-orders.yaml", "globex-statements.yaml", "initech-claims.yaml", "bank-reports.yaml"),
                values));
    }

    private void verdict() {
        out.println();
        if (failures.isEmpty()) {
            out.println("Every file arrived with the right checksum.");
        } else {
            out.println("NOT everything arrived as it should:");
            failures.forEach(failure -> out.println("  " + failure));
        }
        out.flush();
    }

    private void say(String text) {
        out.println(text);
        out.flush();
    }

    private static String password() {
        byte[] bytes = new byte[9];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
