package io.serai.server.bench;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.sftp.client.SftpClient;
import org.apache.sshd.sftp.client.SftpClientFactory;

/** Partners' SFTP sessions that stay open; all of one key. */
final class SftpSessions implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int AT_ONCE = 8;

    private final SshClient client = SshClient.setUpDefaultClient();
    private final KeyPair key;
    private final List<SftpClient> open = new ArrayList<>();

    SftpSessions() throws IOException {
        try {
            KeyPairGenerator maker = KeyPairGenerator.getInstance("EC");
            maker.initialize(256);
            key = maker.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IOException("no key can be made", e);
        }
        // Everything is on the loopback address.
        client.setServerKeyVerifier((session, address, serverKey) -> true);
        CoreModuleProperties.IDLE_TIMEOUT.set(client, Duration.ZERO);
        // As ordinary clients do: a look would wait 40 ms now and then for an acknowledgement that the kernel puts off.
        CoreModuleProperties.TCP_NODELAY.set(client, true);
        client.start();
    }

    /** As account objects write it. */
    String publicKey() {
        return PublicKeyEntry.toString(key.getPublic());
    }

    /** Opens one session; the caller may close it. */
    SftpClient open(String account, int port) throws IOException {
        ClientSession session =
                client.connect(account, "127.0.0.1", port).verify(PATIENCE).getSession();
        try {
            session.addPublicKeyIdentity(key);
            session.auth().verify(PATIENCE);
            SftpClient sftp = SftpClientFactory.instance().createSftpClient(session);
            synchronized (open) {
                open.add(sftp);
            }
            return sftp;
        } catch (IOException | RuntimeException e) {
            session.close(true);
            throw e;
        }
    }

    /** Opens so many, some at a time. */
    List<SftpClient> open(String account, int port, int count) throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
        try {
            List<Future<SftpClient>> coming = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                coming.add(threads.submit(() -> open(account, port)));
            }
            List<SftpClient> all = new ArrayList<>();
            for (Future<SftpClient> each : coming) {
                all.add(each.get());
            }
            return all;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IOException("a session could not be opened: " + e.getCause(), e.getCause());
        } finally {
            threads.shutdownNow();
        }
    }

    /**
     * The times in ms that looking at a file takes, sorted.
     *
     * @param pause between two looks
     */
    static double[] looks(SftpClient session, String path, int count, Duration pause) throws IOException {
        double[] times = new double[count];
        for (int i = 0; i < count; i++) {
            long begin = System.nanoTime();
            session.stat(path);
            times[i] = (System.nanoTime() - begin) / 1e6;
            LockSupport.parkNanos(pause.toNanos());
        }
        Arrays.sort(times);
        return times;
    }

    /** @param share such as 0.99 */
    static double quantile(double[] sorted, double share) {
        return sorted[Math.min(sorted.length - 1, (int) Math.ceil(sorted.length * share) - 1)];
    }

    @Override
    public void close() {
        synchronized (open) {
            for (SftpClient each : open) {
                each.getClientSession().close(true);
            }
            open.clear();
        }
        client.stop();
    }
}
