package io.serai.cluster.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Kills the JVM of an embedded PostgreSQL at any moment: no orphan, no blocked start, no lost row. */
class EmbeddedPostgresCrashTest {
    private static final int ROUNDS = 10;
    private static final int ROUNDS_FROM_NOTHING = 5;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private SplittableRandom moments;
    private Path folder;

    @BeforeEach
    void makeFolder() throws IOException {
        long seed = System.nanoTime();
        System.out.println("The moments of the kills are made from seed " + seed);
        moments = new SplittableRandom(seed);
        folder = TestDatabase.temporaryFolder("crash");
    }

    @AfterEach
    void removeFolder() throws IOException {
        PostgresBinaries.deleteTree(folder);
    }

    @Test
    void losesNoAcknowledgedRowWhenTheServerIsKilled() throws Exception {
        Set<Integer> acknowledged = new TreeSet<>();
        for (int round = 0; round < ROUNDS; round++) {
            try (ChildJvm child = start(round * 1_000_000)) {
                long postmaster = Long.parseLong(child.await("pid "));
                child.await("writing");
                List<String> lines = child.killAfter(moments.nextInt(400));
                lines.stream()
                        .filter(line -> line.matches("ok [0-9]+"))
                        .forEach(line -> acknowledged.add(Integer.parseInt(line.substring(3))));
                // Every second round starts at once, into the death of the old server.
                if (round % 2 == 0) {
                    await().atMost(LIMIT)
                            .until(() -> ProcessHandle.of(postmaster)
                                    .filter(ProcessHandle::isAlive)
                                    .isEmpty());
                    await().atMost(LIMIT).until(this::lockIsFree);
                }
            }
        }

        assertThat(acknowledged).isNotEmpty();
        try (EmbeddedPostgres postgres = server()) {
            assertThat(rows(postgres)).containsAll(acknowledged);
        }
        assertThat(lockIsFree()).isTrue();
    }

    @Test
    void startsAfterAKillAtAnyMomentOfItsFirstStart() throws Exception {
        for (int round = 0; round < ROUNDS_FROM_NOTHING; round++) {
            try (ChildJvm child = start(round * 1_000_000)) {
                child.killAfter(moments.nextInt(300, 2500));
            }
        }

        try (EmbeddedPostgres postgres = server()) {
            assertThat(new Database(postgres.connection("test")).isUp()).isTrue();
        }
    }

    @Test
    void endsAFrozenServerThatADeadOneLeftBehind() throws Exception {
        try (ChildJvm child = start(0)) {
            long postmaster = Long.parseLong(child.await("pid "));
            child.await("writing");
            signalTree("-STOP", postmaster);
            child.killAfter(0);
        }

        try (EmbeddedPostgres postgres = server()) {
            assertThat(rows(postgres)).isNotNull();
        }
    }

    static void signalTree(String signal, long postmaster) {
        ProcessHandle root = ProcessHandle.of(postmaster).orElseThrow();
        List<String> command = new ArrayList<>(List.of("kill", signal, Long.toString(postmaster)));
        root.descendants().forEach(process -> command.add(Long.toString(process.pid())));
        Commands.run(command);
    }

    private ChildJvm start(int firstId) throws IOException {
        return ChildJvm.start(
                CrashingServer.class, folder.toString(), TestFolders.programs().toString(), Integer.toString(firstId));
    }

    private EmbeddedPostgres server() throws IOException {
        EmbeddedPostgres postgres =
                new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder).withBindir(TestFolders.programs()));
        postgres.start();
        return postgres;
    }

    private boolean lockIsFree() {
        return Commands.run(List.of("flock", "-n", folder.resolve("lock").toString(), "true"))
                .succeeded();
    }

    private static Set<Integer> rows(EmbeddedPostgres postgres) {
        try (Database database = new Database(postgres.connection("test"))) {
            return database.read(connection -> {
                Set<Integer> ids = new TreeSet<>();
                try (Statement statement = connection.createStatement();
                        ResultSet rows = statement.executeQuery("select id from acknowledged")) {
                    while (rows.next()) {
                        ids.add(rows.getInt(1));
                    }
                }
                return ids;
            });
        }
    }
}
