package io.serai.server.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPInputStream;

/** Sends the files, waits for them at the other end and compares. */
final class DemoTransfers {
    private final Path folder;
    private final PrintWriter out;
    private final Duration limit;
    private final List<String> failures = new ArrayList<>();

    DemoTransfers(Path folder, PrintWriter out, Duration limit) {
        this.folder = folder;
        this.out = out;
        this.limit = limit;
    }

    /** A file, where a partner sends it, and where it should be in the end. */
    private record Journey(
            Path file, String protocol, String account, String sentTo, String arrivesAs, Packed packed) {}

    private enum Packed {
        PLAIN,
        GZIP
    }

    /** @return what went wrong; empty when every file arrived as it should */
    List<String> run(DemoServer house, DemoServer partner, String password) throws IOException {
        Path sources = folder.resolve("sent");
        List<Journey> journeys = List.of(
                orders(sources, "orders-north.csv", 2_000),
                orders(sources, "orders-south.csv", 40_000),
                new Journey(
                        DemoFiles.orders(sources, "statement-17.txt", 200_000),
                        "ftps",
                        "globex",
                        "/outbox/statement-17.txt",
                        "/in/statement-17.txt.gz",
                        Packed.GZIP),
                new Journey(
                        DemoFiles.pictures(sources, "claim-4711.zip", 24),
                        "https",
                        "initech",
                        "/outbox/claim-4711.zip",
                        "/in/claim-4711.zip",
                        Packed.PLAIN));
        out.println();
        out.println("Partners send their files, and fetch them back:");
        for (Journey journey : journeys) {
            try (PartnerClient client =
                    client(house.login(journey.protocol(), journey.account(), password), journey.protocol())) {
                client.upload(journey.file(), journey.sentTo(), progress("send " + journey.protocol(), journey.file()));
                Path back = received(journey.file().getFileName() + ".back");
                client.download(journey.sentTo(), back, progress("fetch " + journey.protocol(), journey.file()));
                compare(journey.file(), back, journey.sentTo() + " fetched back by " + journey.protocol());
            }
        }
        Path report = DemoFiles.orders(sources, "report-bank.txt", 5_000);
        try (PartnerClient client = client(partner.login("ftps", "hanse", password), "ftps")) {
            client.upload(report, "/out/report-bank.txt", progress("lay out ftps", report));
        }
        out.println();
        out.println("Our routes deliver them to the partner company (SFTP, FTPS, HTTPS) and fetch its report:");
        try (PartnerClient client = client(partner.login("sftp", "hanse", password), "sftp")) {
            for (Journey journey : journeys) {
                await(client, journey.file(), journey.arrivesAs(), journey.packed());
            }
            await(client, report, "/in/report-bank.txt", Packed.PLAIN);
        }
        return List.copyOf(failures);
    }

    private Journey orders(Path sources, String name, int lines) throws IOException {
        return new Journey(
                DemoFiles.orders(sources, name, lines), "sftp", "acme", "/outbox/" + name, "/in/" + name, Packed.PLAIN);
    }

    private static PartnerClient client(Login login, String protocol) throws IOException {
        return switch (protocol) {
            case "sftp" -> new SftpClient(login);
            case "ftps" -> new FtpsClient(login);
            default -> new HttpsClient(login);
        };
    }

    private void await(PartnerClient client, Path sent, String arrivesAs, Packed packed) throws IOException {
        Path arrived = received(arrivesAs.substring(arrivesAs.lastIndexOf('/') + 1));
        long deadline = System.nanoTime() + limit.toNanos();
        String why = "it did not arrive";
        while (System.nanoTime() < deadline) {
            try {
                client.download(arrivesAs, arrived, bytes -> {});
                String expected = DemoFiles.sha256(sent);
                try (InputStream in = Files.newInputStream(arrived)) {
                    String found = DemoFiles.sha256(packed == Packed.GZIP ? new GZIPInputStream(in) : in);
                    if (found.equals(expected)) {
                        out.printf("  %-28s %s  checksum right%n", arrivesAs, expected.substring(0, 16) + "…");
                        out.flush();
                        return;
                    }
                    why = "its checksum is " + found + " instead of " + expected;
                    break;
                }
            } catch (IOException e) {
                why = "it did not arrive within " + limit.toSeconds() + " s (" + e.getMessage() + ")";
                LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
            }
        }
        failures.add(arrivesAs + ": " + why);
        out.printf("  %-28s MISSING%n", arrivesAs);
        out.flush();
    }

    private void compare(Path sent, Path back, String what) throws IOException {
        if (!DemoFiles.sha256(sent).equals(DemoFiles.sha256(back))) {
            failures.add(what + ": the bytes differ");
        }
    }

    private Path received(String name) throws IOException {
        return Files.createDirectories(folder.resolve("received")).resolve(name);
    }

    /** Draws a bar on a terminal; prints one line where the output goes elsewhere. */
    private PartnerClient.Progress progress(String what, Path file) throws IOException {
        long size = Math.max(1, Files.size(file));
        boolean terminal = System.console() != null;
        AtomicBoolean complete = new AtomicBoolean();
        return soFar -> {
            boolean all = soFar >= size;
            if (all ? complete.compareAndSet(false, true) : terminal) {
                int filled = (int) (20 * Math.min(soFar, size) / size);
                out.printf(
                        Locale.ROOT,
                        "%s  %-13s %-20s [%s%s] %3d %%%s",
                        terminal ? "\r" : "",
                        what,
                        file.getFileName(),
                        "#".repeat(filled),
                        ".".repeat(20 - filled),
                        100 * Math.min(soFar, size) / size,
                        all ? "\n" : "");
                out.flush();
            }
        };
    }
}
