package io.serai.endpoint.sftp;

import static io.serai.endpoint.sftp.RawSftp.APPEND;
import static io.serai.endpoint.sftp.RawSftp.CREATE;
import static io.serai.endpoint.sftp.RawSftp.EXCLUSIVE;
import static io.serai.endpoint.sftp.RawSftp.READ;
import static io.serai.endpoint.sftp.RawSftp.TRUNCATE;
import static io.serai.endpoint.sftp.RawSftp.WRITE;
import static io.serai.endpoint.sftp.RawSftp.framed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.endpoint.PartnerOperation.SetModifiedTime;
import io.serai.endpoint.PartnerOperation.StatFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.sshd.common.util.buffer.Buffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SftpProtocolTest {
    private static final int NEW = WRITE | CREATE | TRUNCATE;
    private static final Duration LIMIT = Duration.ofSeconds(15);

    @TempDir
    Path folder;

    private SftpFixture server;
    private RawSftp client;

    @BeforeEach
    void start() throws Exception {
        server = new SftpFixture(folder, "&maxHandles=3");
        client = new RawSftp(server);
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void awaitAborted(String path, String kept) {
        await().atMost(LIMIT).until(() -> server.account().openUploads() == 0);
        assertThat(server.account().arrivals()).isEmpty();
        assertThat(server.account().file(path)).isEmpty();
        assertThat(server.account().part(path)).contains(bytes(kept));
    }

    @Test
    void takesPipelinedWritesInAnyOrder() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.send(
                framed(client.write(handle, 6, bytes("ghi"))),
                framed(client.write(handle, 0, bytes("abc"))),
                framed(client.write(handle, 3, bytes("def"))));
        for (int i = 0; i < 3; i++) {
            assertThat(client.reply().status()).isEqualTo(SftpStatus.OK);
        }
        assertThat(server.account().file("/a")).as("not visible before CLOSE").isEmpty();
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.OK);
        assertThat(server.account().file("/a")).contains(bytes("abcdefghi"));
    }

    @Test
    void aCloseBehindUnansweredWritesCommitsWhileTheClientIsThere() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.send(framed(client.write(handle, 0, bytes("abc"))), framed(client.close(handle)));
        assertThat(client.reply().status()).isEqualTo(SftpStatus.OK);
        assertThat(client.reply().status()).isEqualTo(SftpStatus.OK);
        assertThat(server.account().file("/a")).contains(bytes("abc"));
    }

    @Test
    void aCloseBehindUnansweredWritesOfAClientThatLeftAborts() throws Exception {
        byte[] handle = client.open("/a", NEW);
        CountDownLatch gone = new CountDownLatch(1);
        server.partners.before(operation -> {
            if (operation instanceof StatFile) {
                awaitLatch(gone);
            }
        });
        client.send(
                framed(client.onPath(17, "/a")),
                framed(client.write(handle, 0, bytes("abc"))),
                framed(client.close(handle)));
        await().atMost(LIMIT)
                .until(() -> !server.partners.operations(StatFile.class).isEmpty());
        SessionId session = server.partners.sessions().iterator().next();
        client.session.getIoSession().close(true);
        await().atMost(LIMIT).until(() -> !server.listeners().end(session, "a probe"));
        gone.countDown();
        awaitAborted("/a", "");
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aCloseAfterAFailedWriteAborts() throws Exception {
        byte[] handle = client.open("/a", NEW);
        assertThat(client.call(client.write(handle, 0, bytes("abc"))).status()).isEqualTo(SftpStatus.OK);
        assertThat(client.call(client.write(handle, 1L << 40, bytes("x"))).status())
                .isEqualTo(SftpStatus.FAILURE);
        assertThat(client.call(client.write(handle, 3, bytes("def"))).status()).isEqualTo(SftpStatus.FAILURE);
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.FAILURE);
        awaitAborted("/a", "abc");
    }

    @Test
    void aHoleFailsTheClose() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.call(client.write(handle, 5, bytes("late")));
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.FAILURE);
        awaitAborted("/a", "");
    }

    @Test
    void aHalfCloseAborts() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.call(client.write(handle, 0, bytes("abc")));
        client.channel.getInvertedIn().close();
        awaitAborted("/a", "abc");
    }

    @Test
    void aLostConnectionAborts() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.call(client.write(handle, 0, bytes("abc")));
        client.session.getIoSession().close(true);
        awaitAborted("/a", "abc");
        await().atMost(LIMIT).until(() -> server.partners.sessions().isEmpty());
    }

    @Test
    void aClosedChannelAborts() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.call(client.write(handle, 0, bytes("abc")));
        client.channel.close(false);
        awaitAborted("/a", "abc");
        assertThat(server.partners.sessions()).as("the session goes on").hasSize(1);
    }

    @Test
    void theAnsweringSideEndsASession() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.call(client.write(handle, 0, bytes("abc")));
        var session = server.partners.sessions().iterator().next();
        assertThat(server.listeners().end(session, "by order")).isTrue();
        awaitAborted("/a", "abc");
        assertThat(server.account().aborts()).containsExactly("/a: by order");
        await().atMost(LIMIT).until(() -> server.partners.sessions().isEmpty() && !client.session.isOpen());
        assertThat(server.listeners().end(session, "again")).isFalse();
    }

    @Test
    void resumesBehindTheKeptPart() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.call(client.write(handle, 0, bytes("abc")));
        client.close();
        await().atMost(LIMIT).until(() -> server.account().part("/a").isPresent());
        client = new RawSftp(server);
        assertThat(client.call(client.onPath(7, "/a")).status())
                .as("LSTAT never shows a part")
                .isEqualTo(SftpStatus.NO_SUCH_FILE);
        RawSftp.Reply stat = client.call(client.onPath(17, "/a"));
        assertThat(stat.type()).isEqualTo(105);
        stat.body().getInt();
        assertThat(stat.body().getLong()).isEqualTo(3);
        handle = client.open("/a", WRITE | CREATE | APPEND);
        client.call(client.write(handle, 3, bytes("def")));
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.OK);
        assertThat(server.account().file("/a")).contains(bytes("abcdef"));
        assertThat(server.partners.operations(StatFile.class))
                .extracting(operation -> operation.purpose().name())
                .containsExactly("LOOK", "RESUME");
    }

    @Test
    void appendsWhenAnAppendingClientBeginsAtZero() throws Exception {
        server.account().putFile("/log", bytes("one,"));
        byte[] handle = client.open("/log", WRITE | CREATE | APPEND);
        client.call(client.write(handle, 0, bytes("two,")));
        client.call(client.write(handle, 4, bytes("three")));
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.OK);
        assertThat(server.account().file("/log")).contains(bytes("one,two,three"));
    }

    @Test
    void openFlagsAreKept() throws Exception {
        server.account().putFile("/a", bytes("old"));
        assertThat(client.tryOpen("/a", WRITE | CREATE | EXCLUSIVE).status()).isEqualTo(SftpStatus.FAILURE);
        assertThat(client.tryOpen("/none", WRITE).status()).isEqualTo(SftpStatus.NO_SUCH_FILE);
        assertThat(client.tryOpen("/none", READ).status()).isEqualTo(SftpStatus.NO_SUCH_FILE);
        assertThat(client.tryOpen("/a", 0).status()).isEqualTo(SftpStatus.OP_UNSUPPORTED);
        byte[] handle = client.open("/a", NEW);
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.OK);
        assertThat(server.account().file("/a")).contains(new byte[0]);
    }

    @Test
    void renameRefusesATargetAndPosixRenameReplacesIt() throws Exception {
        server.account().putFile("/a", bytes("a"));
        server.account().putFile("/b", bytes("b"));
        Buffer rename = client.onPath(18, "/a");
        rename.putString("/b");
        assertThat(client.call(rename).status()).isEqualTo(SftpStatus.FAILURE);
        Buffer posix = client.request(200);
        posix.putString("posix-rename@openssh.com");
        posix.putString("/a");
        posix.putString("/b");
        assertThat(client.call(posix).status()).isEqualTo(SftpStatus.OK);
        assertThat(server.account().paths()).containsExactly("/b");
        assertThat(server.account().file("/b")).contains(bytes("a"));
    }

    @Test
    void setsTheTimeOfAnOpenUploadAfterItsCommit() throws Exception {
        byte[] handle = client.open("/a", NEW);
        Buffer attributes = client.request(10);
        attributes.putBytes(handle);
        attributes.putUInt(0x8);
        attributes.putUInt(5);
        attributes.putUInt(1_234_567_890);
        assertThat(client.call(attributes).status()).isEqualTo(SftpStatus.OK);
        assertThat(server.partners.operations(SetModifiedTime.class)).isEmpty();
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.OK);
        assertThat(server.account().attributes("/a").orElseThrow().modified().getEpochSecond())
                .isEqualTo(1_234_567_890);
    }

    @Test
    void truncatesAnOpenUploadToNothingOnly() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.call(client.write(handle, 0, bytes("abc")));
        assertThat(client.call(size(handle, 2)).status()).isEqualTo(SftpStatus.OP_UNSUPPORTED);
        assertThat(client.call(size(handle, 0)).status()).isEqualTo(SftpStatus.OK);
        client.call(client.write(handle, 0, bytes("de")));
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.OK);
        assertThat(server.account().file("/a")).contains(bytes("de"));
    }

    private Buffer size(byte[] handle, long bytes) {
        Buffer attributes = client.request(10);
        attributes.putBytes(handle);
        attributes.putUInt(0x1);
        attributes.putLong(bytes);
        return attributes;
    }

    @Test
    void hostileNamesAreRefusedOrStayInTheHome() throws Exception {
        for (String name : List.of("/a\0b", "/a\\b", "..\\x", "/a\nb", "/\u202Etxt.exe", "x".repeat(300))) {
            assertThat(client.tryOpen(name, NEW).status()).as(name).isEqualTo(SftpStatus.FAILURE);
        }
        Buffer notUtf8 = client.request(3);
        notUtf8.putBytes(new byte[] {'/', (byte) 0xc3, '('});
        notUtf8.putUInt(NEW);
        notUtf8.putUInt(0);
        assertThat(client.call(notUtf8).status()).isEqualTo(SftpStatus.FAILURE);
        assertThat(realPath("../../../etc/passwd")).isEqualTo("/etc/passwd");
        assertThat(realPath("/a/./b//../c/")).isEqualTo("/a/c");
        assertThat(realPath(".")).isEqualTo("/");
        byte[] handle = client.open("/../../Grüße 你好 😀.txt", NEW);
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.OK);
        assertThat(server.account().paths()).containsExactly("/Grüße 你好 😀.txt");
    }

    private String realPath(String path) throws Exception {
        RawSftp.Reply reply = client.call(client.onPath(16, path));
        assertThat(reply.type()).isEqualTo(104);
        assertThat(reply.body().getInt()).isEqualTo(1);
        return reply.body().getString();
    }

    @Test
    void boundsOpenHandles() throws Exception {
        server.account().putFile("/a", bytes("a"));
        byte[] first = client.open("/a", READ);
        client.open("/a", READ);
        client.open("/a", READ);
        assertThat(client.tryOpen("/a", READ).status()).isEqualTo(SftpStatus.FAILURE);
        assertThat(client.call(client.close(first)).status()).isEqualTo(SftpStatus.OK);
        client.open("/a", READ);
    }

    @Test
    void answersWhatItDoesNotUnderstand() throws Exception {
        assertThat(client.call(client.onPath(19, "/a")).status()).as("READLINK").isEqualTo(SftpStatus.OP_UNSUPPORTED);
        assertThat(client.call(client.onPath(20, "/a")).status()).as("SYMLINK").isEqualTo(SftpStatus.OP_UNSUPPORTED);
        assertThat(client.call(client.request(77)).status()).isEqualTo(SftpStatus.OP_UNSUPPORTED);
        assertThat(client.call(client.request(3)).status()).isEqualTo(SftpStatus.BAD_MESSAGE);
        assertThat(client.call(client.close(bytes("12345678"))).status()).isEqualTo(SftpStatus.NO_SUCH_FILE);
        Buffer limits = client.request(200);
        limits.putString("limits@openssh.com");
        RawSftp.Reply reply = client.call(limits);
        assertThat(reply.type()).isEqualTo(201);
        assertThat(List.of(
                        reply.body().getLong(),
                        reply.body().getLong(),
                        reply.body().getLong(),
                        reply.body().getLong()))
                .containsExactly(262_144L, 261_120L, 261_120L, 3L);
    }

    @Test
    void anOversizedPacketEndsTheChannel() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.call(client.write(handle, 0, bytes("abc")));
        client.send(new byte[] {0x7f, 0, 0, 0, 6});
        awaitAborted("/a", "abc");
        await().atMost(LIMIT).until(() -> !client.channel.isOpen());
    }

    @Test
    void aRefusalOfTheAnsweringSideIsMapped() throws Exception {
        server.partners.before(operation -> {
            if (operation instanceof StatFile) {
                throw new SeraiException(ErrorCode.DATABASE_DOWN, "jdbc:postgresql://db.internal is gone");
            }
        });
        RawSftp.Reply reply = client.call(client.onPath(17, "/a"));
        assertThat(reply.status()).isEqualTo(SftpStatus.FAILURE);
        assertThat(reply.body().getString()).doesNotContain("internal").contains("try again");
    }

    @Test
    void readsAnywhereAndCallsADownloadDeliveredOnlyAtItsEnd() throws Exception {
        server.account().putFile("/a", bytes("0123456789"));
        byte[] half = client.open("/a", READ);
        assertThat(read(half, 2, 3)).isEqualTo("234");
        client.call(client.close(half));
        byte[] whole = client.open("/a", READ);
        assertThat(read(whole, 0, 5)).isEqualTo("01234");
        assertThat(read(whole, 5, 500_000)).isEqualTo("56789");
        Buffer behind = client.request(5);
        behind.putBytes(whole);
        behind.putLong(10);
        behind.putUInt(1);
        assertThat(client.call(behind).status()).isEqualTo(SftpStatus.EOF);
        client.call(client.close(whole));
        assertThat(server.account().downloads())
                .extracting(download -> download.wasDelivered())
                .containsExactly(false, true);
    }

    private String read(byte[] handle, long offset, int length) throws Exception {
        Buffer read = client.request(5);
        read.putBytes(handle);
        read.putLong(offset);
        read.putUInt(length);
        RawSftp.Reply reply = client.call(read);
        assertThat(reply.type()).isEqualTo(103);
        return reply.body().getString();
    }

    @Test
    void stoppingLetsAnUploadEnd() throws Exception {
        byte[] handle = client.open("/a", NEW);
        client.call(client.write(handle, 0, bytes("abc")));
        Thread stopping = new Thread(server.camel::stop);
        stopping.start();
        await().atMost(LIMIT).until(() -> !server.camel.getStatus().isStarted());
        assertThat(client.call(client.close(handle)).status()).isEqualTo(SftpStatus.OK);
        stopping.join(LIMIT.toMillis());
        assertThat(server.account().arrivals()).containsExactly("/a");
        assertThat(server.partners.sessions()).isEmpty();
    }
}
