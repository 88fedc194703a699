package io.serai.cluster.storage;

import static io.serai.cluster.storage.TestNode.ACME;
import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.ledger.Ledger;
import io.serai.cluster.ledger.TransferRow;
import io.serai.cluster.ledger.TransferState;
import io.serai.cluster.node.DeadBoot;
import io.serai.config.name.NodeName;
import io.serai.config.name.VirtualPath;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Uploads of a process that is ended at every step, and at random moments. */
class StorageCrashTest {
    private static final int NAMES = 4;

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final long seed = System.nanoTime();

    @BeforeEach
    void clear() {
        DATABASE.truncate("transfer", "event", "node");
        System.out.println("seed " + seed);
    }

    @ParameterizedTest
    @EnumSource(CommitSteps.Step.class)
    void endsInTheSameStateWhateverStepTheProcessHaltsAt(CommitSteps.Step step) throws Exception {
        Run run = start(step.name(), 4);
        run.readToEnd();
        assertThat(run.process.waitFor()).isEqualTo(3);
        recoverAndCheck(run);
    }

    @RepeatedTest(4)
    void endsInAConsistentStateWheneverTheProcessIsKilled() throws Exception {
        Run run = start("none", 0);
        int lines = new SplittableRandom(seed).nextInt(3, 40);
        for (int i = 0; i < lines; i++) {
            run.readLine();
        }
        // By its handle, because the process object would close the pipe that is yet to be read.
        run.process.toHandle().destroyForcibly();
        run.readToEnd();
        run.process.waitFor(10, TimeUnit.SECONDS);
        recoverAndCheck(run);
    }

    /** What the process printed before it ended. */
    private static final class Run {
        private final Process process;
        private final BufferedReader reader;
        private final List<String> lines = new ArrayList<>();

        Run(Process process) {
            this.process = process;
            this.reader = process.inputReader(StandardCharsets.UTF_8);
        }

        void readLine() throws IOException {
            String line = reader.readLine();
            if (line != null) {
                lines.add(line);
            }
        }

        void readToEnd() throws IOException {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
        }

        DeadBoot dead() {
            String[] words = lines.stream()
                    .filter(line -> line.startsWith("epoch "))
                    .findFirst()
                    .orElseThrow()
                    .split(" ");
            return new DeadBoot(new NodeName("crashing"), Long.parseLong(words[1]), UUID.fromString(words[2]));
        }

        List<String> acknowledged() {
            return lines.stream()
                    .filter(line -> line.startsWith("ok ") && line.split(" ").length == 3)
                    .map(line -> line.substring(3))
                    .toList();
        }
    }

    private Run start(String step, int commit) throws IOException {
        var settings = DATABASE.settings();
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                CrashingUploader.class.getName(),
                folder.resolve("root").toString(),
                settings.url(),
                settings.user(),
                settings.password().reveal(),
                Long.toString(seed),
                step,
                Integer.toString(commit));
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        return new Run(builder.start());
    }

    private void recoverAndCheck(Run run) throws Exception {
        try (TestNode node = new TestNode(DATABASE.database(), folder.resolve("root"), "healthy")) {
            DATABASE.database().execute(connection -> {
                try (var statement =
                        connection.prepareStatement("update node set state = 'dead' where name = 'crashing'")) {
                    statement.executeUpdate();
                }
            });
            node.recover(run.dead());
            node.recover(run.dead());
            List<TransferRow> completed = transfers(node, TransferState.COMPLETED);
            checkRows(node, completed, run.acknowledged());
            for (int i = 0; i < NAMES; i++) {
                checkName(node, VirtualPath.parse("/in/file-" + i), completed);
            }
            checkFolders();
        }
    }

    private static List<TransferRow> transfers(TestNode node, TransferState state) {
        return node.ledger.find(new Ledger.TransferFilter(
                Optional.empty(),
                Optional.of(state),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                10_000,
                0));
    }

    private static void checkRows(TestNode node, List<TransferRow> completed, List<String> acknowledged)
            throws Exception {
        // At most the one upload that ran when the process ended is there without an answer.
        assertThat(completed.size()).isBetween(acknowledged.size(), acknowledged.size() + 1);
        assertThat(node.count("select count(*) from transfer where state = 'completed' and published_at is null"
                        + " and node = 'crashing' and epoch <> 0"))
                .isZero();
        assertThat(node.count("select count(*) from event e join transfer t on t.id = e.transfer_id"
                        + " where t.state = 'completed'"))
                .isEqualTo(completed.size());
        assertThat(node.count("select count(*) from event")).isEqualTo(completed.size());
        assertThat(transfers(node, TransferState.RUNNING)).isEmpty();
        for (String ok : acknowledged) {
            byte[] content = CrashingUploader.content(ok.split(" ")[0], Long.parseLong(ok.split(" ")[1]));
            String sha256 = sha256(content);
            assertThat(completed).anyMatch(row -> sha256.equals(row.sha256()));
        }
        for (TransferRow row : completed) {
            try (OpenFile kept = node.storage.openContent(row.id())) {
                assertThat(sha256(Files.readAllBytes(kept.location()))).isEqualTo(row.sha256());
            }
        }
    }

    /** The latest completed upload is what is visible, and what was broken off can be completed. */
    private static void checkName(TestNode node, VirtualPath path, List<TransferRow> completed) throws Exception {
        Optional<TransferRow> latest = completed.stream()
                .filter(row -> row.path().equals(path.toString()))
                .max(Comparator.comparing(TransferRow::ended));
        if (latest.isPresent()) {
            try (OpenFile visible = node.storage.open(ACME, path)) {
                assertThat(sha256(Files.readAllBytes(visible.location())))
                        .isEqualTo(latest.get().sha256());
            }
        } else {
            assertThat(node.storage
                            .list(ACME, VirtualPath.parse("/in"), Optional.empty(), 100)
                            .entries())
                    .noneMatch(entry -> entry.name().equals(path.name()));
        }
        Optional<FileInfo> part = node.storage.part(ACME, path);
        if (part.isPresent()) {
            resume(node, path, part.get().sizeBytes());
        }
    }

    private static void resume(TestNode node, VirtualPath path, long held) throws Exception {
        try (Incoming incoming = node.receiving.receive(TestNode.upload(path.toString(), Receiving.Mode.RESUME))) {
            assertThat(incoming.startOffset()).isEqualTo(held);
            String beginning = Files.readString(stagingFile(node));
            if (!beginning.contains("\n")) {
                // Too little to know what it was going to be.
                return;
            }
            long number =
                    Long.parseLong(beginning.lines().findFirst().orElseThrow().split(" ")[1]);
            byte[] content = CrashingUploader.content(path.toString(), number);
            incoming.write(ByteBuffer.wrap(content, (int) held, content.length - (int) held), held);
            assertThat(incoming.commit().sha256()).isEqualTo(sha256(content));
        }
    }

    private static Path stagingFile(TestNode node) throws IOException {
        try (var files = Files.list(node.root.active(node.token.epoch()))) {
            return files.filter(file ->
                            StagingName.parse(file.getFileName().toString()).isPresent())
                    .findFirst()
                    .orElseThrow();
        }
    }

    private void checkFolders() throws IOException {
        try (var files = Files.walk(folder.resolve("root").resolve("staging"))) {
            assertThat(files.filter(Files::isRegularFile))
                    .allMatch(file ->
                            file.endsWith("owner.lock") || file.getParent().endsWith("parts"));
        }
    }

    private static String sha256(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }
}
