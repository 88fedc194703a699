package io.serai.cluster.event;

import static io.serai.cluster.event.QueueNode.event;
import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Deep queues: nobody waits behind another's backlog. Rates are printed for information only. */
class EventQueueLoadTest {
    private static final int BACKLOG = 20_000;

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private QueueNode node;

    @BeforeEach
    void start() {
        DATABASE.truncate("event", "event_history", "node");
        node = new QueueNode(DATABASE.settings(), "one", QueueNode.limits().withPollInterval(Duration.ofMinutes(1)));
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void aSingleFilePassesABacklogOfAnotherAccount() {
        node.claim("orders", 1);
        node.enqueue(BACKLOG, event("orders", "aaa-big"));
        node.claim("orders", 4).forEach(node.queue::complete);
        EventId single = node.enqueue(1, event("orders", "small")).get(0);

        assertThat(node.claim("orders", 1)).extracting(ClaimedEvent::id).containsExactly(single);
    }

    @Test
    void claimsCostTheSameHoweverMuchIsQueued() {
        node.enqueue(200, event("orders", "acme"));
        long shallow = medianMicrosOfClaims();
        node.enqueue(BACKLOG, event("orders", "acme"));
        long deep = medianMicrosOfClaims();
        System.out.printf("claim of 4: %d us with 200 queued, %d us with %d queued%n", shallow, deep, BACKLOG);
        assertThat(deep).isLessThan(10 * shallow + 20_000);
    }

    @Test
    void servesFiveHundredAccountsEvenly() {
        IntStream.range(0, 500).forEach(i -> node.enqueue(4, event("orders", "account" + i)));
        node.enqueue(5_000, event("orders", "account-big"));
        Map<String, Integer> served = new HashMap<>();
        long start = System.nanoTime();
        int rounds = 0;
        for (; rounds < 51; rounds++) {
            node.claim("orders", 20).forEach(event -> served.merge(event.fairShare(), 1, Integer::sum));
        }
        System.out.printf("claims of 20 over 501 accounts: %.2f ms each%n", (System.nanoTime() - start) / 1e6 / rounds);
        assertThat(served).hasSize(501);
        assertThat(served.values()).allMatch(count -> count >= 2 && count <= 3);
    }

    @Test
    void drainsABacklogAtARateThatIsPrinted() throws InterruptedException {
        node.enqueue(BACKLOG / 2, event("orders", "acme"));
        node.enqueue(BACKLOG / 2, event("orders", "bolt"));
        AtomicInteger done = new AtomicInteger();
        List<Thread> workers = new ArrayList<>();
        long start = System.nanoTime();
        for (int i = 0; i < 8; i++) {
            Thread worker = new Thread(() -> drain(done));
            workers.add(worker);
            worker.start();
        }
        for (Thread worker : workers) {
            worker.join(120_000);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "%d events claimed by 50 and completed one by one in 8 threads: %.0f events/s%n",
                done.get(), done.get() / seconds);
        assertThat(done.get()).isEqualTo(BACKLOG);
        assertThat(node.queue.depth().values()).allMatch(count -> count == 0);
    }

    private void drain(AtomicInteger done) {
        List<ClaimedEvent> claimed = node.claim("orders", 50);
        while (!claimed.isEmpty()) {
            claimed.parallelStream().forEach(node.queue::complete);
            done.addAndGet(claimed.size());
            claimed = node.claim("orders", 50);
        }
    }

    private long medianMicrosOfClaims() {
        List<Long> micros = new ArrayList<>();
        for (int i = 0; i < 15; i++) {
            long start = System.nanoTime();
            List<ClaimedEvent> claimed = node.claim("orders", 4);
            micros.add((System.nanoTime() - start) / 1_000);
            assertThat(claimed).hasSize(4);
        }
        micros.sort(null);
        return micros.get(micros.size() / 2);
    }
}
