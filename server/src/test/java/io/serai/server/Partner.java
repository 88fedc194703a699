package io.serai.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A partner with an account at a server, who uses ordinary clients: OpenSSH's sftp, lftp and curl. */
final class Partner {
    static final String PASSWORD = "Pass-word-4711";

    private final Way way;
    private final String account;
    private final Path key;

    private Partner(Way way, String account, Path key) {
        this.way = way;
        this.account = account;
        this.key = key;
    }

    /** How the partner gets to the listeners. */
    private interface Way {
        String host();

        int port(String listener);

        Path certificate();

        /** What comes before the commands of the clients. */
        default List<String> launcher() {
            return List.of();
        }
    }

    /** Straight to a server of this machine. */
    private record Straight(RunningServer server) implements Way {
        @Override
        public String host() {
            return "127.0.0.1";
        }

        @Override
        public int port(String listener) {
            return server.port(listener);
        }

        @Override
        public Path certificate() {
            return server.certificate();
        }
    }

    /** By the load balancer. */
    private record Balanced(String host, Path certificate) implements Way {
        @Override
        public int port(String listener) {
            return switch (listener) {
                case "sftp" -> 2222;
                case "ftps" -> 2121;
                case "ftps-implicit" -> 2990;
                case "https" -> 8443;
                default -> throw new AssertionError(listener);
            };
        }
    }

    /** At these ports of this machine, by listener. */
    private record At(Map<String, Integer> ports, Path certificate) implements Way {
        @Override
        public String host() {
            return "127.0.0.1";
        }

        @Override
        public int port(String listener) {
            return ports.get(listener);
        }
    }

    /** This partner, coming to these ports of this machine. */
    Partner at(Map<String, Integer> ports) {
        return new Partner(new At(Map.copyOf(ports), way.certificate()), account, key);
    }

    /** By a load balancer in front of edges, from the partners' own network. */
    private record Outside(Path certificate, List<String> launcher) implements Way {
        @Override
        public String host() {
            return DividedNetwork.BALANCER;
        }

        @Override
        public int port(String listener) {
            return switch (listener) {
                case "sftp" -> 22;
                case "ftps" -> 21;
                case "ftps-implicit" -> 990;
                case "https" -> 443;
                default -> throw new AssertionError(listener);
            };
        }
    }

    /** This partner, coming from the network outside. */
    Partner outside(DividedNetwork network) {
        return new Partner(new Outside(way.certificate(), network.partners().launcher()), account, key);
    }

    /** This partner, coming by a load balancer. */
    Partner by(Balancer balancer) {
        return new Partner(new Balanced(balancer.address(), way.certificate()), account, key);
    }

    /** This partner, coming by the load balancer in front of edges. */
    Partner byEdges(Balancer balancer) {
        return new Partner(new Balanced(balancer.edgesAddress(), way.certificate()), account, key);
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
        return new Partner(new Straight(server), account, key);
    }

    String account() {
        return account;
    }

    Tool.Result sftp(String batch, String... options) {
        return startSftp(batch, options).await(Tool.LIMIT);
    }

    /** Starts OpenSSH's sftp with a batch of its commands. */
    Tool.Running startSftp(String batch, String... options) {
        return startSftpAt(way.port("sftp"), batch, options);
    }

    Tool.Running startSftpAt(int port, String batch, String... options) {
        List<String> command = new ArrayList<>(way.launcher());
        command.addAll(List.of("sftp", "-q", "-P", Integer.toString(port)));
        command.addAll(sshOptions());
        command.addAll(List.of(options));
        command.addAll(List.of("-b", "-", account + "@" + way.host()));
        return Tool.start(Map.of(), batch, command.toArray(String[]::new));
    }

    /** OpenSSH's sftp with the password in place of the key. */
    Tool.Result sftpByPassword(String batch) {
        List<String> command = new ArrayList<>(way.launcher());
        command.addAll(List.of("sshpass", "-e", "sftp", "-q", "-P", port("sftp")));
        command.addAll(sshOptions());
        command.addAll(List.of("-oPubkeyAuthentication=no", "-oBatchMode=no", "-b", "-", account + "@" + way.host()));
        return Tool.start(Map.of("SSHPASS", PASSWORD), batch, command.toArray(String[]::new))
                .await(Tool.LIMIT);
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
                + ", -p " + port("sftp") + " sftp://" + way.host() + "; " + script);
    }

    Tool.Result lftpFtps(String script) {
        return startLftpFtps(script).await(Tool.LIMIT);
    }

    Tool.Running startLftpFtps(String script) {
        return lftp("set ssl:ca-file " + way.certificate() + "; set ftp:ssl-force yes; open -u " + account + ","
                + PASSWORD + " -p " + port("ftps") + " ftp://" + way.host() + "; " + script);
    }

    private Tool.Running lftp(String script) {
        List<String> command = new ArrayList<>(way.launcher());
        command.addAll(List.of(
                "lftp",
                "--norc",
                "-c",
                "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 20; set net:reconnect-interval-base 1; "
                        + script));
        return Tool.start(command.toArray(String[]::new));
    }

    /** curl by FTPS with explicit TLS; {@code path} begins with a slash. */
    Tool.Result curlFtps(String path, String... options) {
        return startCurlFtps(path, options).await(Tool.LIMIT);
    }

    Tool.Running startCurlFtps(String path, String... options) {
        return curl("ftp://" + way.host() + ":" + port("ftps") + path, "--ssl-reqd", options);
    }

    Tool.Result curlFtpsImplicit(String path, String... options) {
        return curl("ftps://" + way.host() + ":" + port("ftps-implicit") + path, "--ssl-reqd", options)
                .await(Tool.LIMIT);
    }

    Tool.Result curlHttps(String path, String... options) {
        return startCurlHttps(path, options).await(Tool.LIMIT);
    }

    Tool.Running startCurlHttps(String path, String... options) {
        return curl("https://" + way.host() + ":" + port("https") + path, "--fail-with-body", options);
    }

    private Tool.Running curl(String url, String option, String... options) {
        List<String> command = new ArrayList<>(way.launcher());
        command.addAll(List.of(
                "curl",
                "-q",
                "-sS",
                "--connect-timeout",
                "10",
                "--cacert",
                way.certificate().toString(),
                "-u",
                account + ":" + PASSWORD,
                option));
        command.addAll(List.of(options));
        command.add(url);
        return Tool.start(command.toArray(String[]::new));
    }

    private String port(String listener) {
        return Integer.toString(way.port(listener));
    }
}
