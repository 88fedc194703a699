package io.serai.cluster.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class EmbeddedPostgresTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static Path folder;
    private static EmbeddedPostgres postgres;
    private static Database database;

    @BeforeAll
    static void start() throws IOException {
        folder = TestDatabase.temporaryFolder("embedded");
        postgres = new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder).withBindir(TestFolders.programs()));
        postgres.start();
        database = new Database(postgres.connection("test")
                .withMaxConnections(4)
                .withSocketTimeout(Duration.ofSeconds(1))
                .withAcquisitionTimeout(Duration.ofSeconds(2)));
    }

    @AfterAll
    static void stop() throws IOException {
        database.close();
        postgres.close();
        assertThat(Commands.run(List.of("flock", "-n", folder.resolve("lock").toString(), "true"))
                        .succeeded())
                .isTrue();
        PostgresBinaries.deleteTree(folder);
    }

    @Test
    void keepsEveryPromiseOfDurability() {
        assertThat(setting("fsync")).isEqualTo("on");
        assertThat(setting("synchronous_commit")).isEqualTo("on");
        assertThat(setting("full_page_writes")).isEqualTo("on");
        assertThat(setting("data_checksums")).isEqualTo("on");
        assertThat(setting("max_prepared_transactions")).isEqualTo("64");
        assertThat(setting("listen_addresses")).isEqualTo("127.0.0.1");
        assertThat(setting("idle_in_transaction_session_timeout")).isEqualTo("10s");
        assertThat(setting("statement_timeout")).isEqualTo("833ms");
    }

    @Test
    void keepsDataAndPasswordsToThemselves() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("data"))))
                .isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("password-serai"))))
                .isEqualTo("rw-------");
        assertThat(Files.readString(folder.resolve("password-serai"))).hasSize(64);
        try (Stream<Path> entries = Files.list(folder)) {
            assertThat(entries)
                    .noneMatch(entry -> entry.getFileName().toString().contains("draft"));
        }
        String status = Files.readString(Path.of("/proc", Long.toString(postgres.postmasterPid()), "status"));
        assertThat(status).containsPattern("NoNewPrivs:\\s+1").doesNotContainPattern("Uid:\\s+0\\s");
    }

    @Test
    void theUserOfSeraiIsNoSuperuser() {
        assertThatThrownBy(() -> database.execute(connection -> {
                    try (Statement statement = connection.createStatement()) {
                        statement.execute("copy (select 1) to program 'true'");
                    }
                }))
                .isInstanceOf(SeraiException.class);
    }

    @Test
    void refusesAWrongPassword() {
        DatabaseSettings right = postgres.connection("test");
        try (Database wrong = new Database(DatabaseSettings.of(
                right.url(), right.user(), new io.serai.config.secret.SecretText("wrong-password"), "test"))) {
            assertThatThrownBy(() -> wrong.read(connection -> 1))
                    .isInstanceOfSatisfying(
                            SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_DOWN))
                    .hasMessageNotContaining("wrong-password");
        }
    }

    @Test
    void refusesASecondServerOnTheSameFolder() throws IOException {
        EmbeddedPostgres second =
                new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder).withBindir(TestFolders.programs()));

        assertThatThrownBy(second::start).hasMessageContaining("another server uses the database");
        assertThat(database.isUp()).isTrue();
    }

    @Test
    void boundsEveryCallWhileTheServerIsFrozenAndRecovers() {
        assertThat(database.isUp()).isTrue();
        long postmaster = postgres.postmasterPid();
        EmbeddedPostgresCrashTest.signalTree("-STOP", postmaster);
        try {
            long began = System.nanoTime();
            assertThatThrownBy(() -> setting("port"))
                    .isInstanceOfSatisfying(
                            SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_DOWN));
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
        } finally {
            EmbeddedPostgresCrashTest.signalTree("-CONT", postmaster);
        }
        await().atMost(LIMIT).until(database::isUp);
    }

    @Test
    void startsAgainByItselfWhenTheServerIsKilled() {
        AtomicInteger listening = new AtomicInteger();
        var unused = database.listen("restart_test", new NotificationListener() {
            @Override
            public void listening() {
                listening.incrementAndGet();
            }

            @Override
            public void notified(String payload) {
                throw new AssertionError("nobody notifies");
            }
        });
        await().atMost(LIMIT).until(() -> listening.get() == 1);
        long killed = postgres.postmasterPid();

        assertThat(ProcessHandle.of(killed).orElseThrow().destroyForcibly()).isTrue();

        await().atMost(LIMIT).until(() -> postgres.postmasterPid() != killed && database.isUp());
        await().atMost(LIMIT).until(() -> listening.get() == 2);
        unused.close();
    }

    @Test
    void unpacksItsOwnProgramsOnceAndWholly() throws IOException {
        Path parent = TestDatabase.temporaryFolder("programs");
        Files.createDirectories(parent.resolve("unpacking-killed/bin"));

        Path programs = PostgresBinaries.unpackInto(parent);

        assertThat(PostgresBinaries.majorVersion(programs)).isGreaterThanOrEqualTo(18);
        Object unpacked = Files.getLastModifiedTime(programs.resolve("postgres"));
        assertThat(PostgresBinaries.unpackInto(parent)).isEqualTo(programs);
        assertThat(Files.getLastModifiedTime(programs.resolve("postgres"))).isEqualTo(unpacked);
        PostgresBinaries.removeDrafts(parent);
        try (Stream<Path> entries = Files.list(parent)) {
            assertThat(entries).hasSize(1);
        }
        PostgresBinaries.deleteTree(parent);
    }

    @Test
    void namesTheFolderThatPostgresCannotPass() throws IOException {
        if (!isRoot()) {
            // Only root steps down to another user; anyone else owns what it made.
            return;
        }
        Path closed = TestDatabase.temporaryFolder("closed");
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));

        assertThatThrownBy(() -> new EmbeddedPostgres(EmbeddedPostgresSettings.in(closed.resolve("database"))).start())
                .hasMessageContaining("chmod o+x " + closed)
                .hasMessageContaining("choose a home elsewhere");
        PostgresBinaries.deleteTree(closed);
    }

    @Test
    void refusesAPortThatIsTaken() throws IOException {
        Path other = TestDatabase.temporaryFolder("port");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> new EmbeddedPostgres(EmbeddedPostgresSettings.in(other)
                                    .withBindir(TestFolders.programs())
                                    .withPort(taken.getLocalPort()))
                            .start())
                    .hasMessageContaining("database.port " + taken.getLocalPort());
        }
        PostgresBinaries.deleteTree(other);
    }

    @Test
    void refusesProgramsThatAreNone() throws IOException {
        Path other = TestDatabase.temporaryFolder("no-programs");

        assertThatThrownBy(() -> new EmbeddedPostgres(
                                EmbeddedPostgresSettings.in(other).withBindir(Path.of("/nonexistent")))
                        .start())
                .hasMessageContaining("database.bindir");
        PostgresBinaries.deleteTree(other);
    }

    @Test
    void runsForAnOrdinaryUserToo() throws Exception {
        if (!isRoot()) {
            // All other tests of this class show it then.
            return;
        }
        String user = "serai-t" + ProcessHandle.current().pid();
        Path home = Files.createTempDirectory("serai-ordinary");
        assertThat(Commands.run(List.of("useradd", "--system", "--no-create-home", user))
                        .output())
                .isEmpty();
        try {
            String classPath = readableClassPath(home.resolve("classes"));
            Path work = Files.createDirectory(home.resolve("work"));
            Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
            assertThat(Commands.run(List.of("chown", user, work.toString())).succeeded())
                    .isTrue();
            List<String> asUser = List.of("setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--");

            try (ChildJvm child = ChildJvm.start(
                    asUser,
                    classPath,
                    CrashingServer.class,
                    work.resolve("database").toString(),
                    "",
                    "1",
                    "once")) {
                child.await("ok 1");
                child.await("stopped");
                assertThat(child.waitFor()).isZero();
            }

            assertThat(Files.getOwner(work.resolve("database/data")).getName()).isEqualTo(user);
        } finally {
            Commands.run(List.of("userdel", user));
            PostgresBinaries.deleteTree(home);
        }
    }

    /** The class path may lie in a home that only its owner reads. */
    private static String readableClassPath(Path target) throws IOException {
        Files.createDirectories(target);
        StringJoiner classPath = new StringJoiner(File.pathSeparator);
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path source = Path.of(entry);
            if (!Files.exists(source)) {
                continue;
            }
            assertThat(Commands.run(List.of("cp", "-r", source.toString(), target + "/" + classPath.length()))
                            .succeeded())
                    .isTrue();
            classPath.add(target + "/" + classPath.length());
        }
        assertThat(Commands.run(List.of("chmod", "-R", "a+rX", target.toString()))
                        .succeeded())
                .isTrue();
        return classPath.toString();
    }

    private static boolean isRoot() {
        return Commands.run(List.of("id", "-u")).output().equals("0");
    }

    private static String setting(String name) {
        return database.read(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("show " + name)) {
                rows.next();
                return rows.getString(1);
            }
        });
    }
}
