package io.serai.server.bench;

import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.database.EmbeddedPostgres;
import io.serai.cluster.database.EmbeddedPostgresSettings;
import io.serai.cluster.database.Migrations;
import io.serai.cluster.transaction.trial.TransactionTrial;
import io.serai.cluster.transaction.trial.TransactionTrial.Way;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code transacted()} costs against a plain commit, with one database and with two, and what two-phase commits with
 * a log in files or in a table would cost; durable commits on two PostgreSQL servers. The ways take turns.
 */
final class TransactionsBench {
    private static final int ROUNDS = 3;

    private final Path folder;
    private final Duration time;
    private final PrintWriter out;

    TransactionsBench(Path folder, int seconds, PrintWriter out) {
        this.folder = folder;
        this.time = Duration.ofSeconds(seconds).dividedBy(ROUNDS);
        this.out = out;
    }

    void run() throws IOException {
        try (EmbeddedPostgres one = new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder.resolve("shared")));
                EmbeddedPostgres two = new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder.resolve("other")))) {
            one.start();
            two.start();
            DatabaseSettings shared = one.connection("bench");
            DatabaseSettings other = two.connection("bench");
            new Migrations(shared).apply();
            TransactionTrial.prepare(shared, other);
            report(measure(shared, other));
        }
    }

    private Map<Way, TrialProcess.Result> measure(DatabaseSettings shared, DatabaseSettings other) throws IOException {
        Map<Way, TrialProcess.Result> sums = new EnumMap<>(Way.class);
        for (int round = 0; round < ROUNDS; round++) {
            for (Way way : Way.values()) {
                Path log = Files.createDirectories(folder.resolve("log-" + way + "-" + round));
                TrialProcess.Result result = TrialProcess.run(shared, other, log, way, time);
                sums.merge(way, result, TransactionsBench::plus);
            }
        }
        return sums;
    }

    private static TrialProcess.Result plus(TrialProcess.Result a, TrialProcess.Result b) {
        return new TrialProcess.Result(a.transactions() + b.transactions(), a.cpuSeconds() + b.cpuSeconds());
    }

    private void report(Map<Way, TrialProcess.Result> results) {
        TrialProcess.Result plain = results.getOrDefault(Way.PLAIN, new TrialProcess.Result(0, 0));
        double seconds = ROUNDS * time.toMillis() / 1000.0;
        for (Map.Entry<Way, TrialProcess.Result> entry : results.entrySet()) {
            TrialProcess.Result result = entry.getValue();
            out.printf(
                    Locale.ROOT,
                    "%-55s %7.0f/s, %5.2f times as long as a plain commit; %.3f ms CPU, %.2f times%n",
                    name(entry.getKey()),
                    result.transactions() / seconds,
                    (double) plain.transactions() / Math.max(1, result.transactions()),
                    result.cpuMillis(),
                    result.cpuMillis() / plain.cpuMillis());
        }
        out.println("Four threads, a row in each database; CPU of the process and of both PostgreSQL servers");
        out.flush();
    }

    private static String name(Way way) {
        return switch (way) {
            case PLAIN -> "one database, plain JDBC commit";
            case ONE -> "one database, transacted()";
            case TWO -> "two databases, transacted()";
            case TWO_FILES -> "two databases, two-phase, log in synchronised files";
            case TWO_TABLE -> "two databases, two-phase, log in a table";
        };
    }
}
