package io.serai.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.edge.link.Reply;
import io.serai.edge.message.Status;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class OneAtATimeTest {
    private static final Reply DONE = new Reply(Status.OK, new byte[0]);

    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private final List<Status> answers = new ArrayList<>();
    private final OneAtATime requests = new OneAtATime(waiting::add);

    private void ask() {
        requests.ask(() -> DONE, reply -> answers.add(reply.status()));
    }

    @Test
    void whoAsksTheNextThingWithTheAnswerIsNotRefused() {
        requests.ask(() -> DONE, reply -> {
            answers.add(reply.status());
            ask();
        });
        waiting.remove().run();
        assertThat(answers).containsExactly(Status.OK);
        waiting.remove().run();
        assertThat(answers).containsExactly(Status.OK, Status.OK);
    }

    @Test
    void whoAsksBeforeTheAnswerIsRefusedAndWaitsInNoQueue() {
        ask();
        ask();
        assertThat(answers).containsExactly(Status.BUSY);
        assertThat(waiting).hasSize(1);
        waiting.remove().run();
        assertThat(answers).containsExactly(Status.BUSY, Status.OK);
        requests.ask(
                () -> {
                    ask();
                    return DONE;
                },
                reply -> answers.add(reply.status()));
        waiting.remove().run();
        assertThat(answers).containsExactly(Status.BUSY, Status.OK, Status.BUSY, Status.OK);
        assertThat(waiting).isEmpty();
    }

    @Test
    void whatFailsOrIsNotTakenKeepsNothingBusy() {
        requests.ask(
                () -> {
                    throw new IllegalStateException("a defect");
                },
                reply -> answers.add(reply.status()));
        assertThatThrownBy(() -> waiting.remove().run()).isInstanceOf(IllegalStateException.class);
        assertThat(answers).as("the edge need not wait").containsExactly(Status.INTERNAL);
        answers.clear();
        ask();
        waiting.remove().run();
        assertThat(answers).containsExactly(Status.OK);

        OneAtATime stopped = new OneAtATime(task -> {
            throw new RejectedExecutionException("stopped");
        });
        for (int i = 0; i < 2; i++) {
            stopped.ask(() -> DONE, reply -> answers.add(reply.status()));
        }
        assertThat(answers).containsExactly(Status.OK, Status.BUSY, Status.BUSY);
    }
}
