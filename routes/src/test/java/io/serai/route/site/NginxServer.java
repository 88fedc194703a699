package io.serai.route.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A real nginx with WebDAV's PUT by HTTPS on a free port; user partner, password secret. */
final class NginxServer implements AutoCloseable {
    private final Path folder;
    private final Path root;
    private final int port;
    private final Process process;

    NginxServer(Path folder) throws IOException {
        Programs.require("/usr/sbin/nginx", "nginx-light");
        this.folder = Files.createDirectories(folder);
        this.root = Files.createDirectories(folder.resolve("root"));
        this.port = Programs.freePort();
        Programs.makeCertificate(folder);
        Files.writeString(folder.resolve("users"), "partner:{PLAIN}secret\n");
        Path config = folder.resolve("nginx.conf");
        Path log = folder.resolve("nginx.log");
        Files.writeString(config, """
                daemon off;
                master_process off;
                pid %1$s/nginx.pid;
                error_log %1$s/error.log;
                events { worker_connections 64; }
                http {
                  access_log off;
                  client_body_temp_path %1$s/t1; proxy_temp_path %1$s/t2; fastcgi_temp_path %1$s/t3;
                  uwsgi_temp_path %1$s/t4; scgi_temp_path %1$s/t5;
                  server {
                    listen 127.0.0.1:%2$d ssl;
                    ssl_certificate %1$s/cert.pem;
                    ssl_certificate_key %1$s/key.pem;
                    client_max_body_size 0;
                    root %1$s/root;
                    location / {
                      auth_basic partners;
                      auth_basic_user_file %1$s/users;
                      dav_methods PUT DELETE;
                    }
                  }
                }
                """.formatted(folder, port));
        process = Programs.start(List.of("/usr/sbin/nginx", "-p", folder.toString(), "-c", config.toString()), log);
        Programs.awaitPort(process, port, log);
    }

    int port() {
        return port;
    }

    Path root() {
        return root;
    }

    String certificate() {
        return Programs.text(folder.resolve("cert.pem"));
    }

    @Override
    public void close() {
        Programs.stop(process);
    }
}
