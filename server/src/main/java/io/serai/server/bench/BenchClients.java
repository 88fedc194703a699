package io.serai.server.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** OpenSSH's sftp and curl as partners of the account of {@link EdgeField}, and the files that they send. */
final class BenchClients {
    private static final int BLOCK_BYTES = 1 << 20;

    private final Path folder;
    private final SftpClient sftp;

    private BenchClients(Path folder, SftpClient sftp) {
        this.folder = folder;
        this.sftp = sftp;
    }

    /** With a key of their own. */
    static BenchClients in(Path folder) throws IOException {
        return new BenchClients(folder, SftpClient.in(folder));
    }

    String publicKey() throws IOException {
        return sftp.publicKey();
    }

    /** One session with these commands. */
    void sftp(int port, String... lines) throws IOException {
        sftp.run(port, EdgeField.ACCOUNT, lines);
    }

    /** The command of one curl with these words behind what each has. */
    List<String> curlCommand(String... words) {
        return curlCommandOf(EdgeField.ACCOUNT, words);
    }

    List<String> curlCommandOf(String account, String... words) {
        List<String> command = new ArrayList<>(List.of(
                Programme.find("curl", "curl").toString(),
                "-sS",
                "-k",
                "--fail",
                "--ssl-reqd",
                "--http1.1",
                "--user",
                account + ":" + EdgeField.PASSWORD));
        command.addAll(List.of(words));
        return command;
    }

    void curl(String... words) throws IOException {
        Programme.run(folder, curlCommand(words));
    }

    static Path randomFile(Path file, int mebibytes) throws IOException {
        byte[] block = new byte[BLOCK_BYTES];
        SecureRandom random = new SecureRandom();
        try (OutputStream target = Files.newOutputStream(file)) {
            for (int i = 0; i < mebibytes; i++) {
                random.nextBytes(block);
                target.write(block);
            }
        }
        return file;
    }

    /** So many files {@code small0.dat} and so on. */
    static Path smallFiles(Path sources, int count, int bytes) throws IOException {
        Files.createDirectories(sources);
        SecureRandom random = new SecureRandom();
        byte[] content = new byte[bytes];
        for (int i = 0; i < count; i++) {
            random.nextBytes(content);
            Files.write(sources.resolve(String.format(Locale.ROOT, "small%d.dat", i)), content);
        }
        return sources;
    }
}
