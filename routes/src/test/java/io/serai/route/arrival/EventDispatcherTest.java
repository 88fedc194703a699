package io.serai.route.arrival;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventDispatcherTest {
    private final FailingQueue queue = new FailingQueue();
    private final EventDispatcher dispatcher = new EventDispatcher(
            new EventDispatcher.Settings(4, 2, FailingQueue.poll(), Path.of("unused")), queue, queue::token, () -> 1);

    @AfterEach
    void stop() {
        dispatcher.stop();
    }

    @Test
    void anOutcomeThatCannotBeWrittenIsTriedAgainWithoutRunningTheEventAgain() {
        AtomicInteger runs = new AtomicInteger();
        dispatcher.subscribe(FailingQueue.ROUTE, 2, context -> {
            runs.incrementAndGet();
            queue.down(true);
        });
        queue.offer(1);
        dispatcher.start();
        await().until(() -> runs.get() == 1);

        queue.down(false);
        await().until(() -> queue.outcomes().contains("complete 1"));
        assertThat(runs).hasValue(1);
    }

    @Test
    void claimsAgainWhenTheDatabaseIsBack() {
        queue.down(true);
        queue.offer(1);
        dispatcher.subscribe(FailingQueue.ROUTE, 2, context -> {});
        dispatcher.start();
        queue.down(false);
        await().until(() -> queue.outcomes().contains("complete 1"));
    }

    @Test
    void stopsQuietlyWhenTheLeaseIsLostAndGoesOnWithTheNext() {
        CountDownLatch running = new CountDownLatch(1);
        AtomicInteger runs = new AtomicInteger();
        dispatcher.subscribe(FailingQueue.ROUTE, 2, context -> {
            if (runs.incrementAndGet() == 1) {
                running.countDown();
                new CountDownLatch(1).await();
            }
        });
        queue.offer(1);
        dispatcher.start();
        await().until(() -> running.getCount() == 0);

        queue.loseLease(1);
        await().until(() -> dispatcher.running() == 0);
        assertThat(queue.outcomes()).isEmpty();

        queue.newLease();
        await().until(() -> queue.outcomes().contains("complete 1"));
        assertThat(queue.outcomes()).containsExactly("complete 1");
    }

    @Test
    void neverRunsMoreThanRouteAndNodeAllow() {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        dispatcher.subscribe(FailingQueue.ROUTE, 3, context -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            new CountDownLatch(1).await(5, TimeUnit.MILLISECONDS);
            now.decrementAndGet();
        });
        for (int i = 0; i < 50; i++) {
            queue.offer(i);
        }
        dispatcher.start();
        await().until(() -> queue.outcomes().size() == 50);
        assertThat(most).hasValue(3);
    }

    @Test
    void whatAStoppedRouteHasNotBegunGoesBack() {
        dispatcher
                .subscribe(FailingQueue.ROUTE, 3, context -> {
                    throw new SeraiException(ErrorCode.DEFECT, "must not be called");
                })
                .close();
        queue.offer(1);
        dispatcher.start();
        assertThat(dispatcher.drain(java.time.Duration.ofSeconds(1))).isTrue();
        assertThat(queue.outcomes()).isEmpty();
    }
}
