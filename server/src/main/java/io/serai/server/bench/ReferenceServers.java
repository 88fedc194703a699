package io.serai.server.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** OpenSSH's sshd and vsftpd on free loopback ports, each with a configuration of its own; ended by {@link #close}. */
final class ReferenceServers implements AutoCloseable {
    private final Path folder;
    private final Process ssh;
    private final Process ftp;
    private final int sshPort;
    private final int ftpPort;

    private ReferenceServers(Path folder, Process ssh, int sshPort, Process ftp, int ftpPort) {
        this.folder = folder;
        this.ssh = ssh;
        this.ftp = ftp;
        this.sshPort = sshPort;
        this.ftpPort = ftpPort;
    }

    /** Starts both; needs root, as vsftpd changes to the local user that logs in. */
    static ReferenceServers start(Path folder, Path clientKey) throws IOException {
        Path sshd = Programme.find("sshd", "openssh-server");
        Path vsftpd = Programme.find("vsftpd", "vsftpd");
        int sshPort = Programme.freePort();
        Process ssh = startSshd(folder, sshd, clientKey, sshPort);
        int ftpPort = Programme.freePort();
        Process ftp = startVsftpd(folder, vsftpd, ftpPort);
        return new ReferenceServers(folder, ssh, sshPort, ftp, ftpPort);
    }

    private static Process startSshd(Path folder, Path sshd, Path clientKey, int sshPort) throws IOException {
        Programme.run(
                folder,
                List.of(
                        "ssh-keygen",
                        "-q",
                        "-t",
                        "ed25519",
                        "-N",
                        "",
                        "-f",
                        folder.resolve("host_key").toString()));
        Files.copy(clientKey.resolveSibling(clientKey.getFileName() + ".pub"), folder.resolve("authorized_keys"));
        Path sshConfig = Files.writeString(
                folder.resolve("sshd_config"),
                String.join(
                        "\n",
                        "Port " + sshPort,
                        "ListenAddress 127.0.0.1",
                        "HostKey " + folder.resolve("host_key"),
                        "AuthorizedKeysFile " + folder.resolve("authorized_keys"),
                        "PidFile none",
                        "StrictModes no",
                        "UsePAM no",
                        "PasswordAuthentication no",
                        "PermitRootLogin yes",
                        "Subsystem sftp internal-sftp",
                        ""));
        Files.createDirectories(Path.of("/run/sshd"));
        Path sshLog = folder.resolve("sshd.log");
        Process ssh = Programme.start(sshLog, List.of(sshd.toString(), "-D", "-e", "-f", sshConfig.toString()));
        Programme.awaitPort(sshPort, ssh, sshLog);
        return ssh;
    }

    private static Process startVsftpd(Path folder, Path vsftpd, int ftpPort) throws IOException {
        Path data = Files.createDirectories(folder.resolve("ftp"));
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxrwxrwx"));
        makeCertificate(folder);
        Path ftpConfig = Files.writeString(
                folder.resolve("vsftpd.conf"),
                String.join(
                        "\n",
                        "listen=YES",
                        "listen_ipv6=NO",
                        "listen_address=127.0.0.1",
                        "listen_port=" + ftpPort,
                        "background=NO",
                        "anonymous_enable=YES",
                        "anon_root=" + data.getParent(),
                        "no_anon_password=YES",
                        "anon_upload_enable=YES",
                        "anon_other_write_enable=YES",
                        "anon_umask=022",
                        "local_enable=NO",
                        "write_enable=YES",
                        "ssl_enable=YES",
                        "allow_anon_ssl=YES",
                        "force_anon_data_ssl=YES",
                        "force_anon_logins_ssl=YES",
                        "require_ssl_reuse=NO",
                        "ssl_ciphers=HIGH",
                        "rsa_cert_file=" + folder.resolve("ftp.crt"),
                        "rsa_private_key_file=" + folder.resolve("ftp.pem"),
                        "seccomp_sandbox=NO",
                        "secure_chroot_dir=/var/run",
                        ""));
        Path ftpLog = folder.resolve("vsftpd.log");
        Process ftp = Programme.start(ftpLog, List.of(vsftpd.toString(), ftpConfig.toString()));
        Programme.awaitPort(ftpPort, ftp, ftpLog);
        return ftp;
    }

    private static void makeCertificate(Path folder) throws IOException {
        Programme.run(
                folder,
                List.of(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:P-256",
                        "-nodes",
                        "-days",
                        "2",
                        "-subj",
                        "/CN=localhost",
                        "-keyout",
                        folder.resolve("ftp.pem").toString(),
                        "-out",
                        folder.resolve("ftp.crt").toString()));
    }

    Path folder() {
        return folder;
    }

    int sshPort() {
        return sshPort;
    }

    int ftpPort() {
        return ftpPort;
    }

    ProcessCpu sshCpu() {
        return new ProcessCpu(ssh.toHandle());
    }

    ProcessCpu ftpCpu() {
        return new ProcessCpu(ftp.toHandle());
    }

    @Override
    public void close() {
        ssh.destroy();
        ftp.destroy();
    }
}
