package io.serai.cluster.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class MigrationsTest {
    private static final Migrations.Migration FIRST =
            new Migrations.Migration(1, "V001__one.sql", "create table one (id int); insert into one values (1);");
    private static final Migrations.Migration SECOND =
            new Migrations.Migration(2, "V002__two.sql", "alter table one add column note text");

    @RegisterExtension
    static final TestDatabase TEST_DATABASE = TestDatabase.withoutSchema();

    @BeforeEach
    void emptyDatabase() {
        TEST_DATABASE.database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("drop schema public cascade");
                statement.execute("create schema public");
            }
        });
    }

    @Test
    void isAppliedByExactlyOneOfManyStarters() throws Exception {
        ExecutorService starters = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Integer>> attempts = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                attempts.add(() -> migrations(FIRST, SECOND).apply());
            }
            int applied = 0;
            for (Future<Integer> outcome : starters.invokeAll(attempts)) {
                applied += outcome.get();
            }
            assertThat(applied).isEqualTo(2);
        } finally {
            starters.shutdownNow();
        }
        assertThat(count("one")).isEqualTo(1);
        assertThat(count("schema_migration")).isEqualTo(2);
    }

    @Test
    void goesOnFromAnOlderSchema() {
        assertThat(migrations(FIRST).apply()).isEqualTo(1);
        assertThat(migrations(FIRST, SECOND).apply()).isEqualTo(1);
        assertThat(migrations(FIRST, SECOND).apply()).isZero();
    }

    @Test
    void refusesASchemaThatIsNewerThanThisProgram() {
        migrations(FIRST, SECOND).apply();

        assertThatThrownBy(() -> migrations(FIRST).apply())
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("version 2")
                .hasMessageContaining("start the newer Serai");
    }

    @Test
    void refusesAFileThatWasChangedAfterItWasApplied() {
        migrations(FIRST).apply();

        assertThatThrownBy(() -> migrations(new Migrations.Migration(1, "V001__one.sql", "select 1"))
                        .apply())
                .hasMessageContaining("V001__one.sql");
    }

    @Test
    void leavesNothingOfAFailedFile() {
        Migrations.Migration broken =
                new Migrations.Migration(2, "V002__broken.sql", "insert into one values (2); select 1/0;");

        assertThatThrownBy(() -> migrations(FIRST, broken).apply()).hasMessageContaining("V002__broken.sql");

        assertThat(count("one")).isEqualTo(1);
        assertThat(count("schema_migration")).isEqualTo(1);
        assertThat(migrations(FIRST, SECOND).apply()).isEqualTo(1);
    }

    @Test
    void clocksOfTheFirstReleaseGoOnFromTheirLastFireWhereTheRouteIsThere() {
        List<Migrations.Migration> all =
                Migrations.FILES.stream().map(Migrations.Migration::read).toList();
        new Migrations(TEST_DATABASE.settings(), all.subList(0, 2)).apply();
        execute("insert into config_object (kind, name, version, revision, spec, changed_by)"
                + " values ('ROUTE', 'present', 1, 1, '{}', 'ops')");
        execute("insert into schedule_fire (schedule, route_id, fire_time) select 'nightly', route,"
                + " '2026-11-22T12:00:00Z'::timestamptz + n * interval '1 day'"
                + " from unnest(array['present', 'removed']) route, generate_series(0, 2) n");

        new Migrations(TEST_DATABASE.settings(), all).apply();

        assertThat(count("schedule_clock where route_id = 'present' and looked_until = '2026-11-24T12:00:00Z'"))
                .isEqualTo(1);
        assertThat(count("schedule_clock")).isEqualTo(1);
    }

    private static void execute(String sql) {
        TEST_DATABASE.database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    @Test
    void listsEveryFileInOrder() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/main/resources/io/serai/cluster/database/migrations"))) {
            assertThat(files.map(file -> file.getFileName().toString()).sorted().toList())
                    .isEqualTo(Migrations.FILES);
        }
    }

    private static Migrations migrations(Migrations.Migration... files) {
        return new Migrations(TEST_DATABASE.settings(), List.of(files));
    }

    private static int count(String table) {
        return TEST_DATABASE.database().read(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
                rows.next();
                return rows.getInt(1);
            }
        });
    }
}
