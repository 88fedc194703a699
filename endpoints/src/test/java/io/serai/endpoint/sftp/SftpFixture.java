package io.serai.endpoint.sftp;

import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.Session;
import io.serai.endpoint.ActiveListeners;
import io.serai.endpoint.BoundListener;
import io.serai.endpoint.InMemoryAccount;
import io.serai.endpoint.InMemoryPartners;
import io.serai.endpoint.SshPublicKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;

/** A listener on a free loopback port in front of {@link InMemoryPartners}, with the account "acme". */
final class SftpFixture implements AutoCloseable {
    static final String USER = "acme";
    static final String PASSWORD = "open-sesame";

    /** Host keys cost seconds of CPU; one set serves all tests of a JVM. */
    private static final class SharedKeys {
        static final HostKeys KEYS = make();

        private static HostKeys make() {
            try {
                return HostKeys.inFolder(Files.createTempDirectory("hostkeys"));
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    final Path folder;
    final InMemoryPartners partners;
    final DefaultCamelContext camel = new DefaultCamelContext();

    SftpFixture(Path folder) throws Exception {
        this(folder, "");
    }

    /**
     * @param options further options of the endpoint, each with a leading ampersand
     */
    SftpFixture(Path folder, String options) throws Exception {
        this.folder = Files.createDirectories(folder);
        partners = new InMemoryPartners(Files.createDirectories(folder.resolve("content")));
        partners.addAccount(USER, PASSWORD);
        camel.getRegistry().bind("keys", SharedKeys.KEYS);
        camel.getShutdownStrategy().setTimeout(10);
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("sftp-server:test?port=0&hostKeySet=#keys" + options)
                        .routeId("sftp")
                        .process(partners);
            }
        });
        camel.start();
    }

    InMemoryAccount account() {
        return partners.account(USER);
    }

    BoundListener listener() {
        return listeners().bound().get(0);
    }

    ActiveListeners listeners() {
        return new ActiveListeners(camel);
    }

    int port() {
        return listener().address().getPort();
    }

    Session connect() throws Exception {
        return connect(USER, PASSWORD);
    }

    Session connect(String user, String password) throws Exception {
        Session session = new JSch().getSession(user, "127.0.0.1", port());
        session.setPassword(password);
        session.setConfig("StrictHostKeyChecking", "no");
        session.setConfig("PreferredAuthentications", "password");
        session.connect(10_000);
        return session;
    }

    static ChannelSftp sftp(Session session) throws Exception {
        ChannelSftp channel = (ChannelSftp) session.openChannel("sftp");
        channel.connect(10_000);
        return channel;
    }

    /** Reads the first field pair of an OpenSSH public key file. */
    static SshPublicKey publicKey(Path file) throws Exception {
        String[] fields = Files.readString(file).split(" ");
        return new SshPublicKey(fields[0], Base64.getDecoder().decode(fields[1].trim()));
    }

    @Override
    public void close() {
        camel.stop();
    }
}
