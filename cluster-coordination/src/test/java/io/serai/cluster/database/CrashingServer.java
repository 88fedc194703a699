package io.serai.cluster.database;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.util.Optional;

/**
 * A program that runs an embedded PostgreSQL and commits rows until it is killed, saying {@code ok N} after each; with
 * the word {@code once} it commits one row and stops properly.
 */
final class CrashingServer {
    private CrashingServer() {}

    public static void main(String[] arguments) {
        EmbeddedPostgresSettings settings = EmbeddedPostgresSettings.in(Path.of(arguments[0]));
        Optional<String> programs = Optional.of(arguments[1]).filter(text -> !text.isEmpty());
        int first = Integer.parseInt(arguments[2]);
        boolean once = arguments.length > 3;
        try (EmbeddedPostgres postgres = new EmbeddedPostgres(
                programs.map(p -> settings.withBindir(Path.of(p))).orElse(settings))) {
            postgres.start();
            System.out.println("pid " + postgres.postmasterPid());
            try (Database database = new Database(postgres.connection("test"))) {
                write(database, first, once);
            }
        }
        System.out.println("stopped");
    }

    private static void write(Database database, int first, boolean once) {
        database.execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("create table if not exists acknowledged (id int primary key)");
            }
        });
        System.out.println("writing");
        int id = first;
        do {
            insert(database, id);
            System.out.println("ok " + id);
            id++;
        } while (!once);
    }

    private static void insert(Database database, int id) {
        database.execute(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("insert into acknowledged (id) values (?)")) {
                statement.setInt(1, id);
                statement.executeUpdate();
            }
        });
    }
}
