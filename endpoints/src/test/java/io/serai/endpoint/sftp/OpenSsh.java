package io.serai.endpoint.sftp;

import io.serai.endpoint.ClientProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Drives the OpenSSH programs of the machine. */
final class OpenSsh {
    private static final long LIMIT_SECONDS = 90;

    private final SftpFixture server;

    OpenSsh(SftpFixture server) {
        this.server = server;
    }

    /** How a program ended. */
    record Outcome(int status, String output) {}

    /** Makes a key pair without passphrase and returns the private key's file. */
    static Path keyPair(Path folder, String type) throws Exception {
        Path key = folder.resolve("id_" + type);
        Outcome made = run(List.of("ssh-keygen", "-q", "-t", type, "-N", "", "-f", key.toString()), folder);
        if (made.status() != 0) {
            throw new IllegalStateException(made.output());
        }
        return key;
    }

    /** Runs a batch of sftp commands with the password. */
    Outcome sftp(String... commands) throws Exception {
        return run(withPassword(batch(commands), List.of()), server.folder);
    }

    /** Runs a batch of sftp commands with a private key. */
    Outcome sftpWithKey(Path key, String... commands) throws Exception {
        List<String> command = new ArrayList<>(List.of("sftp", "-i", key.toString(), "-o", "IdentitiesOnly=yes"));
        command.addAll(options());
        command.addAll(List.of("-b", batch(commands).toString(), SftpFixture.USER + "@127.0.0.1"));
        return run(command, server.folder);
    }

    /** Starts a batch of sftp commands and returns while it runs. */
    Process start(List<String> options, String... commands) throws Exception {
        return builder(withPassword(batch(commands), options), server.folder).start();
    }

    private List<String> withPassword(Path batch, List<String> more) {
        List<String> command = new ArrayList<>(List.of("sshpass", "-p", SftpFixture.PASSWORD, "sftp"));
        command.addAll(more);
        command.addAll(List.of("-o", "PubkeyAuthentication=no", "-o", "BatchMode=no"));
        command.addAll(options());
        command.addAll(List.of("-b", batch.toString(), SftpFixture.USER + "@127.0.0.1"));
        return command;
    }

    List<String> options() {
        return ClientProgram.sshOptions(server.port());
    }

    private Path batch(String... commands) throws IOException {
        return Files.write(Files.createTempFile(server.folder, "batch", ".txt"), List.of(commands));
    }

    static Outcome run(List<String> command, Path folder) throws Exception {
        Process process = builder(command, folder).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException(command + " did not end; so far:\n" + output);
        }
        return new Outcome(process.exitValue(), output);
    }

    private static ProcessBuilder builder(List<String> command, Path folder) {
        String program = command.get(0);
        if (!Files.isExecutable(Path.of("/usr/bin", program))) {
            throw new IllegalStateException(
                    program + " is missing; install it: apt-get install -y openssh-client sshpass lftp curl");
        }
        return new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    }
}
