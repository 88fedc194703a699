package io.serai.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A partner with an account at a server, who uses ordinary clients: OpenSSH's sftp, lftp and curl. */
final class Partner {
    static final String PASSWORD = "Pass-word-4711";

    private final RunningServer server;
    private final String account;
    private final Path key;

    private Partner(RunningServer server, String account, Path key) {
        this.server = server;
        this.account = account;
        this.key = key;
    }

    /** Makes the account, with a password and a key, and the folders /outbox and /inbox or those given. */
    static Partner of(RunningServer server, TestFolder folder, String account, String... folders) {
        Path key = folder.resolve("key-" + account);
        if (!Files.exists(key)) {
            Tool.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", account, "-f", key.toString())
                    .expectSuccess();
        }
        try {
            server.apply(Map.of("account-" + account + ".yaml", """
                    kind: Account
                    name: %s
                    spec:
                      password: "%s"
                      publicKeys: ["%s"]
                      folders: [%s]
                      sessions: 100
                    """.formatted(
                            account,
                            PASSWORD,
                            Files.readString(Path.of(key + ".pub")).trim(),
                            folders.length == 0 ? "/outbox, /inbox" : String.join(", ", folders))));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return new Partner(server, account, key);
    }

    String account() {
        return account;
    }

    Tool.Result sftp(String batch, String... options) {
        return startSftp(batch, options).await(Tool.LIMIT);
    }

    /** Starts OpenSSH's sftp with a batch of its commands. */
    Tool.Running startSftp(String batch, String... options) {
        return startSftpAt(server.port("sftp"), batch, options);
    }

    Tool.Running startSftpAt(int port, String batch, String... options) {
        List<String> command = new ArrayList<>(List.of("sftp", "-q", "-P", Integer.toString(port)));
        command.addAll(sshOptions());
        command.addAll(List.of(options));
        command.addAll(List.of("-b", "-", account + "@127.0.0.1"));
        return Tool.start(Map.of(), batch, command.toArray(String[]::new));
    }

    private List<String> sshOptions() {
        return List.of(
                "-F",
                "/dev/null",
                "-i",
                key.toString(),
                "-oIdentitiesOnly=yes",
                "-oStrictHostKeyChecking=no",
                "-oUserKnownHostsFile=/dev/null",
                "-oKexAlgorithms=curve25519-sha256",
                "-oLogLevel=ERROR");
    }

    Tool.Result lftpSftp(String script) {
        return startLftpSftp(script).await(Tool.LIMIT);
    }

    Tool.Running startLftpSftp(String script) {
        return lftp("set sftp:connect-program \"ssh -a -x " + String.join(" ", sshOptions()) + "\"; open -u " + account
                + ", -p " + port("sftp") + " sftp://127.0.0.1; " + script);
    }

    Tool.Result lftpFtps(String script) {
        return startLftpFtps(script).await(Tool.LIMIT);
    }

    Tool.Running startLftpFtps(String script) {
        return lftp("set ssl:ca-file " + server.certificate() + "; set ftp:ssl-force yes; open -u " + account + ","
                + PASSWORD + " -p " + port("ftps") + " ftp://127.0.0.1; " + script);
    }

    private static Tool.Running lftp(String script) {
        return Tool.start(
                "lftp",
                "--norc",
                "-c",
                "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 20; set net:reconnect-interval-base 1; "
                        + script);
    }

    /** curl by FTPS with explicit TLS; {@code path} begins with a slash. */
    Tool.Result curlFtps(String path, String... options) {
        return startCurlFtps(path, options).await(Tool.LIMIT);
    }

    Tool.Running startCurlFtps(String path, String... options) {
        return curl("ftp://127.0.0.1:" + port("ftps") + path, "--ssl-reqd", options);
    }

    Tool.Result curlFtpsImplicit(String path, String... options) {
        return curl("ftps://127.0.0.1:" + port("ftps-implicit") + path, "--ssl-reqd", options)
                .await(Tool.LIMIT);
    }

    Tool.Result curlHttps(String path, String... options) {
        return startCurlHttps(path, options).await(Tool.LIMIT);
    }

    Tool.Running startCurlHttps(String path, String... options) {
        return curl("https://127.0.0.1:" + port("https") + path, "--fail-with-body", options);
    }

    private Tool.Running curl(String url, String option, String... options) {
        List<String> command = new ArrayList<>(List.of(
                "curl",
                "-q",
                "-sS",
                "--connect-timeout",
                "10",
                "--cacert",
                server.certificate().toString(),
                "-u",
                account + ":" + PASSWORD,
                option));
        command.addAll(List.of(options));
        command.add(url);
        return Tool.start(command.toArray(String[]::new));
    }

    private String port(String listener) {
        return Integer.toString(server.port(listener));
    }
}
