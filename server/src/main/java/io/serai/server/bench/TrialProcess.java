package io.serai.server.bench;

import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.transaction.trial.TransactionTrial;
import io.serai.config.secret.SecretText;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/** One way of committing, tried in a process of its own; the passwords come by standard input. */
final class TrialProcess {
    private TrialProcess() {}

    public static void main(String[] arguments) throws Exception {
        SecretText password;
        SecretText otherPassword;
        try (BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            password = new SecretText(String.valueOf(input.readLine()));
            otherPassword = new SecretText(String.valueOf(input.readLine()));
        }
        TransactionTrial trial = new TransactionTrial(
                DatabaseSettings.of(arguments[0], arguments[2], password, "bench"),
                DatabaseSettings.of(arguments[1], arguments[2], otherPassword, "bench"),
                Path.of(arguments[3]),
                () -> System.out.println("go"));
        TransactionTrial.Way way = TransactionTrial.Way.valueOf(arguments[4]);
        Duration time = Duration.parse(arguments[5]);
        long done = trial.run(way, time);
        System.out.println("done " + done);
        System.exit(0);
    }

    /** Runs it. */
    static Result run(
            DatabaseSettings shared, DatabaseSettings other, Path log, TransactionTrial.Way way, Duration time)
            throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-Dlogback.configurationFile=io/serai/server/bench/quiet.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        TrialProcess.class.getName(),
                        shared.url(),
                        other.url(),
                        shared.user(),
                        log.toString(),
                        way.name(),
                        time.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var input = process.outputWriter();
                BufferedReader output = process.inputReader()) {
            input.write(shared.password().reveal() + "\n" + other.password().reveal() + "\n");
            input.flush();
            if (!"go".equals(output.readLine())) {
                throw new IOException("the trial " + way + " did not begin");
            }
            // Of this process's children: the trial and PostgreSQL.
            ProcessCpu cpu = new ProcessCpu(ProcessHandle.current());
            double before = cpu.seconds();
            String line = output.readLine();
            double spent = cpu.seconds() - before;
            if (line == null || !line.startsWith("done ")) {
                throw new IOException("the trial " + way + " did not end");
            }
            return new Result(Long.parseLong(line.substring(5)), spent);
        } finally {
            process.destroyForcibly();
        }
    }

    /** What a trial did. */
    record Result(long transactions, double cpuSeconds) {
        double cpuMillis() {
            return 1000 * cpuSeconds / Math.max(1, transactions);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%d transactions, %.2f ms CPU each", transactions, cpuMillis());
        }
    }
}
