package io.serai.server.edge;

import io.serai.edge.link.Reply;
import io.serai.edge.message.Status;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Has an edge's requests carried out one at a time, so that one that asks without end fills no queue. Thread-safe. */
final class OneAtATime {
    private static final byte[] NOTHING = new byte[0];

    private final Executor worker;
    private final AtomicBoolean busy = new AtomicBoolean();

    OneAtATime(Executor worker) {
        this.worker = worker;
    }

    /** Answers BUSY while another is carried out. Who has an answer may ask the next thing at once, so that is over by then. */
    void ask(Supplier<Reply> work, Consumer<Reply> answer) {
        if (!busy.compareAndSet(false, true)) {
            answer.accept(new Reply(Status.BUSY, NOTHING));
            return;
        }
        try {
            worker.execute(() -> carryOut(work, answer));
        } catch (RejectedExecutionException e) {
            busy.set(false);
            answer.accept(new Reply(Status.BUSY, NOTHING));
        }
    }

    private void carryOut(Supplier<Reply> work, Consumer<Reply> answer) {
        Reply reply = new Reply(Status.INTERNAL, NOTHING);
        try {
            reply = work.get();
        } finally {
            busy.set(false);
            answer.accept(reply);
        }
    }
}
