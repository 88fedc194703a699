package io.serai.edge.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Edges whose addresses are names. */
class EdgeNamesTest {
    @Test
    void aNameThatNobodyAnswersForStopsNoEventLoop() throws Exception {
        CountDownLatch answers = new CountDownLatch(1);
        List<String> askedOn = new CopyOnWriteArrayList<>();
        try (TestLink test = new TestLink(TestLink.QUICK, new TestLink.Refusing(), new TestLink.Refusing())) {
            LinkDialer dialer = test.named("edge.example", name -> {
                askedOn.add(Thread.currentThread().getName());
                try {
                    answers.await();
                } catch (InterruptedException e) {
                    throw new UnknownHostException(name);
                }
                return new InetAddress[] {InetAddress.getLoopbackAddress()};
            });
            dialer.start();
            await().atMost(TestLink.SOON).until(() -> askedOn.size() == 4);
            AtomicInteger ran = new AtomicInteger();
            test.onLoops(ran::incrementAndGet);
            await().atMost(TestLink.SOON).until(() -> ran.get() == 4);
            assertThat(askedOn).allMatch(thread -> thread.startsWith("link-names"));
            answers.countDown();
            await().atMost(TestLink.SOON).until(() -> dialer.link().isPresent());
            dialer.stop();
        }
    }

    @Test
    void anUnknownNameIsTriedAgain() {
        AtomicBoolean known = new AtomicBoolean();
        try (TestLink test = new TestLink(TestLink.QUICK, new TestLink.Refusing(), new TestLink.Refusing())) {
            LinkDialer dialer = test.named("edge.example", name -> {
                if (!known.get()) {
                    throw new UnknownHostException(name);
                }
                return new InetAddress[] {InetAddress.getLoopbackAddress()};
            });
            dialer.start();
            await().atMost(TestLink.SOON).until(() -> dialer.lastFailure().contains("edge.example"));
            known.set(true);
            await().atMost(TestLink.SOON).until(() -> dialer.link().isPresent());
            dialer.stop();
        }
    }
}
