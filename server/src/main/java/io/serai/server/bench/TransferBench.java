package io.serai.server.bench;

import io.serai.server.client.AdminClient;
import io.serai.server.client.ServerProcess;
import io.serai.server.node.NodeFile;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One large file up and down: Serai against OpenSSH (SFTP, the same client and key) and vsftpd (FTPS, the same client).
 * Serai's times hold its fsync, checksum and database commit, its CPU seconds also the work of its database; the others'
 * end when their page cache has the bytes.
 */
final class TransferBench {
    private static final String ACCOUNT = "bench";
    private static final String PASSWORD = "bench-only-on-loopback";

    private final Path folder;
    private final int mebibytes;
    private final int rounds;
    private final PrintWriter out;

    TransferBench(Path folder, int mebibytes, int rounds, PrintWriter out) {
        this.folder = folder;
        this.mebibytes = mebibytes;
        this.rounds = rounds;
        this.out = out;
    }

    void run() throws IOException {
        SftpClient sftp = SftpClient.in(folder);
        Path file = randomFile();
        try (ServerProcess serai =
                        ServerProcess.start(folder.resolve("serai"), BenchServer.JAVA, BenchServer.SETTINGS);
                ReferenceServers others =
                        ReferenceServers.start(Files.createDirectory(folder.resolve("others")), sftp.key())) {
            NodeFile node = serai.awaitUp(Duration.ofMinutes(2));
            BenchServer.apply(
                    AdminClient.of(serai.home(), Map.of()), """
                    kind: Account
                    name: %s
                    spec:
                      password: "%s"
                      publicKeys: ["%s"]
                      folders: [/in]
                    """.formatted(ACCOUNT, PASSWORD, sftp.publicKey()));
            ProcessCpu cpu = new ProcessCpu(serai.process().toHandle());
            sftp(file, sftp, BenchServer.port(node, "sftp"), cpu, others);
            ftps(file, BenchServer.port(node, "ftps"), cpu, others);
        }
    }

    private void sftp(Path file, SftpClient sftp, int port, ProcessCpu cpu, ReferenceServers others)
            throws IOException {
        Path back = folder.resolve("back.bin");
        String local = others.folder().resolve("there.bin").toString();
        String user = System.getProperty("user.name");
        Turns turns = new Turns(folder, rounds, out);
        turns.run(
                "SFTP upload",
                mebibytes << 20L,
                new Turns.Contestant("serai", () -> sftp.run(port, ACCOUNT, "put " + file + " /in/there.bin"), cpu),
                new Turns.Contestant(
                        "openssh",
                        () -> sftp.run(others.sshPort(), user, "put " + file + " " + local),
                        others.sshCpu()));
        turns.run(
                "SFTP download",
                mebibytes << 20L,
                new Turns.Contestant("serai", () -> sftp.run(port, ACCOUNT, "get /in/there.bin " + back), cpu),
                new Turns.Contestant(
                        "openssh",
                        () -> sftp.run(others.sshPort(), user, "get " + local + " " + back),
                        others.sshCpu()));
    }

    private void ftps(Path file, int port, ProcessCpu cpu, ReferenceServers others) throws IOException {
        String ours = "ftp://127.0.0.1:" + port + "/in/there.bin";
        String theirs = "ftp://127.0.0.1:" + others.ftpPort() + "/ftp/there.bin";
        String login = ACCOUNT + ":" + PASSWORD;
        Turns turns = new Turns(folder, rounds, out);
        turns.run(
                "FTPS upload",
                mebibytes << 20L,
                new Turns.Contestant("serai", () -> curl(login, "-T", file.toString(), ours), cpu),
                new Turns.Contestant(
                        "vsftpd", () -> curl("anonymous:x", "-T", file.toString(), theirs), others.ftpCpu()));
        String back = folder.resolve("back.bin").toString();
        turns.run(
                "FTPS download",
                mebibytes << 20L,
                new Turns.Contestant("serai", () -> curl(login, "-o", back, ours), cpu),
                new Turns.Contestant("vsftpd", () -> curl("anonymous:x", "-o", back, theirs), others.ftpCpu()));
    }

    private void curl(String login, String... words) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Programme.find("curl", "curl").toString(), "-sS", "-k", "--ssl-reqd", "--user", login));
        command.addAll(List.of(words));
        Programme.run(folder, command);
    }

    private Path randomFile() throws IOException {
        Path file = folder.resolve("random.bin");
        byte[] block = new byte[1 << 20];
        SecureRandom random = new SecureRandom();
        try (OutputStream target = Files.newOutputStream(file)) {
            for (int i = 0; i < mebibytes; i++) {
                random.nextBytes(block);
                target.write(block);
            }
        }
        return file;
    }
}
