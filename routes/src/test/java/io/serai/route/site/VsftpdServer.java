package io.serai.route.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A real vsftpd on a free port with TLS, whose one user is anonymous; it insists on resumed TLS sessions for data. */
final class VsftpdServer implements AutoCloseable {
    static final String USER = "anonymous";

    private final Path folder;
    private final Path root;
    private final int port;
    private final Process process;

    VsftpdServer(Path folder, boolean implicit) throws IOException {
        Programs.require("/usr/sbin/vsftpd", "vsftpd");
        this.folder = Files.createDirectories(folder);
        this.root = Files.createDirectories(folder.resolve("root"));
        this.port = Programs.freePort();
        Programs.makeCertificate(folder);
        Files.createDirectories(folder.resolve("empty"));
        Path config = folder.resolve("vsftpd.conf");
        Path log = folder.resolve("vsftpd.log");
        Files.writeString(config, """
                listen=YES
                listen_address=127.0.0.1
                listen_port=%d
                background=NO
                run_as_launching_user=YES
                anonymous_enable=YES
                local_enable=NO
                write_enable=YES
                anon_root=%s
                anon_upload_enable=YES
                anon_mkdir_write_enable=YES
                anon_other_write_enable=YES
                anon_world_readable_only=NO
                anon_umask=022
                no_anon_password=NO
                allow_writeable_chroot=YES
                secure_chroot_dir=%s
                ssl_enable=YES
                implicit_ssl=%s
                allow_anon_ssl=YES
                force_anon_logins_ssl=YES
                force_anon_data_ssl=YES
                require_ssl_reuse=YES
                ssl_tlsv1=YES
                rsa_cert_file=%s
                rsa_private_key_file=%s
                xferlog_file=%s
                seccomp_sandbox=NO
                isolate=NO
                isolate_network=NO
                one_process_model=YES
                """.formatted(
                        port,
                        root,
                        folder.resolve("empty"),
                        implicit ? "YES" : "NO",
                        folder.resolve("cert.pem"),
                        folder.resolve("key.pem"),
                        folder.resolve("xfer.log")));
        process = Programs.start(List.of("/usr/sbin/vsftpd", config.toString()), log);
        Programs.awaitPort(process, port, log);
    }

    int port() {
        return port;
    }

    /** The user's folder. */
    Path root() {
        return root;
    }

    String certificate() {
        return Programs.text(folder.resolve("cert.pem"));
    }

    java.util.stream.Stream<ProcessHandle> sessions() {
        return process.descendants();
    }

    @Override
    public void close() {
        Programs.stop(process);
    }
}
