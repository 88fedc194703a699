package io.serai.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.serai.edge.message.RawTicket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server's end of raw connections, with all that can be at the other one. */
@Timeout(60)
class RawDialerTest {
    private static final Duration WITHIN = Duration.ofMillis(400);
    private static final Duration LONG = Duration.ofMinutes(1);

    private final RawTicket ticket = RawTicket.random();
    private final List<RawDialer> dialers = new ArrayList<>();
    private Optional<ServerSocket> edge = Optional.empty();
    private final List<byte[]> shown = new CopyOnWriteArrayList<>();

    @AfterEach
    void stop() throws IOException {
        if (edge.isPresent()) {
            edge.get().close();
        }
        dialers.forEach(RawDialer::close);
    }

    /** An edge that answers so. */
    private InetSocketAddress edge(byte[]... answers) throws IOException {
        ServerSocket listening = TcpBench.listen(TcpBench.LOOPBACK, socket -> {
            shown.add(socket.getInputStream().readNBytes(8 + RawTicket.HALF_BYTES));
            for (byte[] answer : answers) {
                socket.getOutputStream().write(answer);
                socket.getOutputStream().flush();
            }
            // Until it is left.
            assertThat(socket.getInputStream().read()).isNegative();
            shown.add(new byte[0]);
        });
        edge = Optional.of(listening);
        return (InetSocketAddress) listening.getLocalSocketAddress();
    }

    private RawDialer dialer(Duration within, Duration pause) {
        RawDialer dialer = new RawDialer(within, pause);
        dialers.add(dialer);
        return dialer;
    }

    private Channel dial(RawDialer dialer, InetSocketAddress at) throws Exception {
        return dialer.dial(at, ticket).get();
    }

    @Test
    void whatFollowsTheAnswerIsKept() throws Exception {
        byte[] answer = ticket.answer();
        InetSocketAddress at =
                edge(Arrays.copyOf(answer, 5), Arrays.copyOfRange(answer, 5, answer.length), new byte[] {1, 2, 3});
        Channel made = dial(dialer(LONG, LONG), at);
        assertThat(shown).singleElement().isEqualTo(RawArrivals.greeting(ticket));
        List<Byte> rest = new CopyOnWriteArrayList<>();
        made.eventLoop().execute(() -> {
            made.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    ByteBuf bytes = (ByteBuf) message;
                    while (bytes.isReadable()) {
                        rest.add(bytes.readByte());
                    }
                    bytes.release();
                }
            });
            made.pipeline().remove(HeldBytes.class);
            made.config().setAutoRead(true);
        });
        await().until(() -> rest.equals(List.of((byte) 1, (byte) 2, (byte) 3)));
        made.close().sync();
    }

    @Test
    void whoeverAnswersSomethingElseIsNotTheEdge() throws Exception {
        RawDialer dialer = dialer(LONG, LONG);
        InetSocketAddress at = edge(new byte[RawTicket.HALF_BYTES]);
        assertThatThrownBy(() -> dial(dialer, at))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("not the edge");
        await().until(() -> shown.size() == 2);
        // It may be another edge's ticket that has just been given up.
        assertThat(dialer.isWorthTrying(at)).isTrue();
    }

    @Test
    void whoDoesNotAnswerIsLeftInPeaceForAWhile() throws Exception {
        RawDialer dialer = dialer(WITHIN, Duration.ofMillis(700));
        InetSocketAddress at = edge();
        assertThat(dialer.isWorthTrying(at)).isTrue();
        assertThatThrownBy(() -> dial(dialer, at))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(TimeoutException.class);
        assertThat(dialer.isWorthTrying(at)).isFalse();
        // And nothing is left there.
        await().until(() -> shown.size() == 2);
        await().until(() -> dialer.isWorthTrying(at));
    }

    @Test
    void whereNobodyListensNoneIsTriedForAWhile() throws Exception {
        InetSocketAddress at = edge();
        edge.orElseThrow().close();
        RawDialer dialer = dialer(LONG, LONG);
        assertThatThrownBy(() -> dial(dialer, at))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(IOException.class);
        assertThat(dialer.isWorthTrying(at)).isFalse();
        assertThat(dialer.isWorthTrying(new InetSocketAddress("192.0.2.1", 1))).isTrue();
    }
}
