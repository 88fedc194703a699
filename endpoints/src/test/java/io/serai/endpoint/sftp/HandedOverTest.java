package io.serai.endpoint.sftp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import io.netty.buffer.ByteBuf;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.handover.HandedConnection;
import io.serai.endpoint.handover.HandoverListener;
import io.serai.endpoint.handover.PipedConnection;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.sshd.common.future.SshFutureListener;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.Readable;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections that are handed to a listener, with a client that has no socket either. */
@Timeout(90)
class HandedOverTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    private SftpFixture fixture;

    @BeforeEach
    void start() throws Exception {
        fixture = new SftpFixture(folder, "&handedOver=RAW(dmz/edge1/sftp)&maxSessions=3&maxUnauthenticated=3");
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    private HandoverListener listener() {
        return (HandoverListener) fixture.listener();
    }

    private Session connect(PipedConnection connection) throws Exception {
        assertThat(listener().take(connection)).isTrue();
        Session session = new JSch().getSession(SftpFixture.USER, "server");
        session.setProxy(connection);
        session.setPassword(SftpFixture.PASSWORD);
        session.setConfig("StrictHostKeyChecking", "no");
        session.setConfig("PreferredAuthentications", "password");
        session.connect(10_000);
        return session;
    }

    @Test
    void filesGoBothWaysWithLittleHeldAndTheClientsOwnAddress() throws Exception {
        byte[] content = new byte[12 << 20];
        new Random(5).nextBytes(content);
        PipedConnection connection = new PipedConnection();
        Session session = connect(connection);
        ChannelSftp sftp = SftpFixture.sftp(session);
        sftp.put(new ByteArrayInputStream(content), "/a.bin");
        ByteArrayOutputStream back = new ByteArrayOutputStream();
        sftp.get("/a.bin", back);
        assertThat(back.toByteArray()).isEqualTo(content);
        assertThat(fixture.partners.sessions()).singleElement().satisfies(id -> {
            Origin origin = fixture.partners.origin(id).orElseThrow();
            assertThat(origin.client()).isEqualTo(PipedConnection.CLIENT);
            assertThat(origin.local()).isEqualTo(PipedConnection.LOCAL);
        });
        assertThat(connection.mostHeld()).isLessThanOrEqualTo(PipedConnection.MOST);
        session.disconnect();
        await().atMost(SOON).until(connection::isClosed);
        await().atMost(SOON).until(() -> fixture.partners.sessions().isEmpty());
    }

    @Test
    void noPortIsBound() {
        assertThatThrownBy(() -> fixture.connect()).isInstanceOf(JSchException.class);
    }

    @Test
    void aLineThatBreaksEndsTheSessionAndItsUpload() throws Exception {
        PipedConnection connection = new PipedConnection();
        Session session = connect(connection);
        ChannelSftp sftp = SftpFixture.sftp(session);
        var output = sftp.put("/half.bin");
        output.write(new byte[100_000]);
        output.flush();
        connection.tear();
        await().atMost(SOON).until(connection::isClosed);
        await().atMost(SOON).until(() -> fixture.partners.sessions().isEmpty());
        assertThat(fixture.account().file("/half.bin")).isEmpty();
    }

    @Test
    void aClientThatEndsItsSideIsGone() throws Exception {
        PipedConnection connection = new PipedConnection();
        assertThat(listener().take(connection)).isTrue();
        InputStream greeting = connection.getInputStream();
        assertThat(new String(greeting.readNBytes(8), StandardCharsets.US_ASCII))
                .isEqualTo("SSH-2.0-");
        connection.getOutputStream().close();
        await().atMost(SOON).until(connection::isClosed);
    }

    @Test
    void oneTooManyIsNotTaken() throws Exception {
        Session first = connect(new PipedConnection());
        Session second = connect(new PipedConnection());
        Session third = connect(new PipedConnection());
        PipedConnection fourth = new PipedConnection();
        assertThat(listener().take(fourth)).isFalse();
        assertThat(fourth.isClosed()).isFalse();
        third.disconnect();
        await().atMost(SOON).until(() -> listener().take(new PipedConnection()));
        first.disconnect();
        second.disconnect();
    }

    @Test
    void oneThatStopsTakesNoMoreAndClosesWhatItHas() throws Exception {
        HandoverListener listener = listener();
        PipedConnection connection = new PipedConnection();
        connect(connection);
        fixture.close();
        assertThat(connection.isClosed()).isTrue();
        assertThat(listener.take(new PipedConnection())).isFalse();
    }

    @Test
    void aClientMaySpeakBeforeItIsTaken() throws Exception {
        for (int i = 0; i < 50; i++) {
            PipedConnection connection = new PipedConnection();
            connection.getOutputStream().write("SSH-2.0-early\r\n".getBytes(StandardCharsets.US_ASCII));
            await().atMost(SOON).until(() -> listener().take(connection));
            InputStream said = connection.getInputStream();
            assertThat(new String(said.readNBytes(8), StandardCharsets.US_ASCII))
                    .isEqualTo("SSH-2.0-");
            connection.tear();
            await().atMost(SOON).until(connection::isClosed);
        }
    }

    /** As replies do that wait for room. */
    @Test
    void writesThatFollowEachOtherNeedNoStack() throws Exception {
        int most = 200_000;
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try {
            PipedConnection connection = new PipedConnection();
            HandedAcceptor acceptor = new HandedAcceptor(new Nobody(), threads);
            HandedSession session = new HandedSession(acceptor, new Nobody(), threads, connection);
            session.begin();
            AtomicInteger left = new AtomicInteger(most);
            AtomicReference<Throwable> problem = new AtomicReference<>();
            SshFutureListener<IoWriteFuture> next = new SshFutureListener<>() {
                @Override
                public void operationComplete(IoWriteFuture future) {
                    if (left.getAndDecrement() > 0) {
                        try {
                            session.writeBuffer(new ByteArrayBuffer(new byte[1]))
                                    .addListener(this);
                        } catch (StackOverflowError e) {
                            problem.set(e);
                        }
                    }
                }
            };
            threads.execute(
                    () -> session.writeBuffer(new ByteArrayBuffer(new byte[1])).addListener(next));
            assertThat(connection.getInputStream().readNBytes(most + 1)).hasSize(most + 1);
            assertThat(problem.get()).isNull();
            session.close(true);
            assertThat(connection.isClosed()).isTrue();
        } finally {
            threads.shutdownNow();
        }
    }

    /** That is the event loop of a link with many other connections. */
    @Test
    void whoTellsOfAChangeNeverWaits() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            SlowConnection connection = new SlowConnection();
            HandedAcceptor acceptor = new HandedAcceptor(new Nobody(), threads);
            HandedSession session = new HandedSession(acceptor, new Nobody(), threads, connection);
            session.begin();
            Runnable changed = connection.started.get(10, TimeUnit.SECONDS);
            threads.execute(() -> session.writeBuffer(new ByteArrayBuffer(new byte[9])));
            assertThat(connection.writing.await(10, TimeUnit.SECONDS)).isTrue();
            CompletableFuture.runAsync(changed).get(10, TimeUnit.SECONDS);
            connection.goOn.countDown();
            session.close(true);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Most changes of a download tell of room. */
    @Test
    void whoReadsIsNotWokenForRoom() throws Exception {
        ThreadPoolExecutor threads = (ThreadPoolExecutor) Executors.newFixedThreadPool(1);
        try {
            SlowConnection connection = new SlowConnection();
            HandedAcceptor acceptor = new HandedAcceptor(new Nobody(), threads);
            HandedSession session = new HandedSession(acceptor, new Nobody(), threads, connection);
            session.begin();
            Runnable changed = connection.started.get(10, TimeUnit.SECONDS);
            threads.submit(() -> {}).get(10, TimeUnit.SECONDS);
            long tasks = threads.getTaskCount();
            changed.run();
            assertThat(threads.getTaskCount()).isEqualTo(tasks);
            connection.input = true;
            changed.run();
            assertThat(threads.getTaskCount()).isEqualTo(tasks + 1);
            session.close(true);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Takes its time for each write. */
    private static final class SlowConnection implements HandedConnection {
        final CompletableFuture<Runnable> started = new CompletableFuture<>();
        final CountDownLatch writing = new CountDownLatch(1);
        final CountDownLatch goOn = new CountDownLatch(1);
        volatile boolean input;

        @Override
        public InetSocketAddress client() {
            return PipedConnection.CLIENT;
        }

        @Override
        public InetSocketAddress local() {
            return PipedConnection.LOCAL;
        }

        @Override
        public void start(Runnable changed) {
            started.complete(changed);
        }

        @Override
        public boolean hasInput() {
            return input;
        }

        @Override
        public Optional<ByteBuf> poll() {
            return Optional.empty();
        }

        @Override
        public void consumed(int bytes) {}

        @Override
        public boolean isInputEnded() {
            return false;
        }

        @Override
        public boolean isGone() {
            return false;
        }

        @Override
        public int write(ByteBuffer bytes) {
            writing.countDown();
            try {
                assertThat(goOn.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            int count = bytes.remaining();
            bytes.position(bytes.limit());
            return count;
        }

        @Override
        public void endOutput() {}

        @Override
        public void close() {}
    }

    /** Takes no notice of what comes. */
    private static final class Nobody implements IoHandler {
        @Override
        public void sessionCreated(IoSession session) {}

        @Override
        public void sessionClosed(IoSession session) {}

        @Override
        public void exceptionCaught(IoSession session, Throwable cause) {}

        @Override
        public void messageReceived(IoSession session, Readable message) {}
    }
}
