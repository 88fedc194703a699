package io.serai.edge.relay;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.ConnectionLost;
import io.serai.edge.link.Link;
import io.serai.edge.link.Reply;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec.Farewell;
import io.serai.edge.message.OperationCodec.Resume;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.Status;
import io.serai.endpoint.LoginResult;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes sessions to other servers: at once when one is there, else as soon as one comes, for a bounded time. Safe for several
 * threads.
 */
final class SessionMover {
    private static final Logger LOG = LoggerFactory.getLogger(SessionMover.class);
    private static final Duration REPLY = Duration.ofSeconds(10);
    private static final long LOOK_MILLIS = 100;
    private static final long AGAIN_MILLIS = 1_000;

    /** Which links a session may go to. */
    interface Choice {
        /** The best one for a session that was at this link, which is lost. */
        Optional<Link> instead(Link lost);

        /** A link to another server than this. */
        Optional<Link> otherThan(Link left);
    }

    private enum Outcome {
        GOES_ON,
        NOT_NOW,
        REFUSED
    }

    private enum Why {
        /** Its link is lost. */
        LOST,
        /** Its server is still there, and only wants to be left. */
        LEFT,
        /** It could not be left, but its place may be another server's by now: its own is to take that back. */
        BACK
    }

    /** @param unheard servers that may have taken it, though their answer was not heard */
    private record Move(EdgeSession session, Link from, Why why, long deadlineNanos, Set<Link> unheard) {
        Move(EdgeSession session, Link from, Why why, long deadlineNanos) {
            this(session, from, why, deadlineNanos, ConcurrentHashMap.newKeySet());
        }

        Move become(Why other, Duration within) {
            return new Move(session, from, other, System.nanoTime() + within.toNanos(), unheard);
        }

        /** Whether the server that it is to leave can be asked. */
        boolean isFormerThere() {
            return why != Why.LOST && from.isUsable();
        }

        /** They need not keep it; but this one does. */
        void farewellToUnheard(@Nullable Link but, Consumer<Link> farewell) {
            unheard.stream().filter(link -> link != but).forEach(farewell);
            unheard.clear();
        }

        boolean isLate() {
            return System.nanoTime() - deadlineNanos >= 0;
        }
    }

    private final SessionMoves moves;
    private final Choice choice;
    private final BiConsumer<EdgeSession, String> ended;
    private final Queue<Move> waiting = new ConcurrentLinkedQueue<>();

    /** @param ended is told of a session that could not go on, and why */
    SessionMover(SessionMoves moves, Choice choice, BiConsumer<EdgeSession, String> ended) {
        this.moves = moves;
        this.choice = choice;
        this.ended = ended;
        var unused = moves.clock().scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** How long whoever asks something waits for a session that moves. */
    Duration patience() {
        return moves.within().plus(REPLY);
    }

    /** Its link is lost. */
    void lost(EdgeSession session, Link link) {
        if (session.beginMove(link)) {
            start(new Move(
                    session, link, Why.LOST, System.nanoTime() + moves.within().toNanos()));
        }
    }

    /** Its server wants to be left, which it can be when nothing is under way and another one is there. */
    void leave(EdgeSession session) {
        Link from = session.link();
        if (choice.otherThan(from).isPresent() && session.beginLeaving()) {
            start(new Move(session, from, Why.LEFT, System.nanoTime()));
        }
    }

    private void start(Move move) {
        try {
            moves.threads().execute(() -> attempt(move));
        } catch (RejectedExecutionException e) {
            give(move, false);
        }
    }

    private void look() {
        int count = waiting.size();
        for (int i = 0; i < count; i++) {
            Move move = waiting.poll();
            if (move == null) {
                return;
            }
            if (move.isLate() || isPossible(move)) {
                start(move);
            } else {
                waiting.add(move);
            }
        }
    }

    private boolean isPossible(Move move) {
        try {
            return to(move).isPresent();
        } catch (RuntimeException e) { // the clock would never look again
            LOG.error("Where session {} could go is not known", move.session().id(), e);
            return false;
        }
    }

    private Optional<Link> to(Move move) {
        return switch (move.why()) {
            case LOST -> choice.instead(move.from());
            case LEFT -> choice.otherThan(move.from());
            case BACK -> Optional.of(move.from()).filter(Link::isUsable);
        };
    }

    private void attempt(Move move) {
        try {
            Optional<Link> to = to(move);
            Outcome outcome = to.isPresent() ? resume(move, to.get()) : Outcome.NOT_NOW;
            if (outcome == Outcome.REFUSED) {
                give(move, true);
            } else if (outcome == Outcome.NOT_NOW) {
                if (move.isLate()) {
                    give(move, false);
                } else {
                    waiting.add(move);
                }
            }
        } catch (RuntimeException e) { // a session that hangs here would hang for ever
            LOG.error("Session {} could not be moved", move.session().id(), e);
            give(move, true);
        }
    }

    private Outcome resume(Move move, Link to) {
        EdgeSession session = move.session();
        byte[] message = new Resume(
                        session.id(),
                        session.ticket(),
                        session.origin().client().getAddress(),
                        session.nextAttempt())
                .encode();
        try {
            Reply reply = to.call(session.id().hashCode(), Method.SESSION_RESUME, message, REPLY);
            if (reply.status() != Status.OK) {
                LOG.debug("{} does not take session {}: {}", to, session.id(), reply.status());
                return notTaken(move, to, reply.status());
            }
            if (!(ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted)) {
                return Outcome.REFUSED;
            }
            goOn(move, to, ReplyCodec.ticket(reply.payload()));
            return Outcome.GOES_ON;
        } catch (ConnectionLost e) {
            if (e.wasSent()) {
                move.unheard().add(to);
            }
            return Outcome.NOT_NOW;
        } catch (TimeoutException e) {
            move.unheard().add(to);
            return Outcome.NOT_NOW;
        } catch (ProtocolViolation e) {
            LOG.warn("{} answered a resume with something that cannot be", to);
            move.unheard().add(to);
            return Outcome.REFUSED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Outcome.REFUSED;
        }
    }

    private static Outcome notTaken(Move move, Link to, Status status) {
        return switch (status) {
            case BUSY, UNAVAILABLE -> Outcome.NOT_NOW;
            case UNKNOWN_OUTCOME,
                    INTERNAL -> { // it may have the place all the same, and has not decided against the session
                move.unheard().add(to);
                yield Outcome.NOT_NOW;
            }
            default -> Outcome.REFUSED;
        };
    }

    private void goOn(Move move, Link to, byte[] ticket) {
        EdgeSession session = move.session();
        move.farewellToUnheard(to, link -> farewell(session, link, "it goes on at another server"));
        if (!session.moved(to, ticket)) {
            farewell(session, to, "the partner has gone");
            return;
        }
        LOG.info("Session {} goes on at {}", session.id(), to);
        if (!move.from().isLost() && move.from() != to) {
            farewell(session, move.from(), "it goes on at another server");
        }
        if (!to.isUsable()) {
            lost(session, to);
        }
    }

    /**
     * Says it until it was heard or the link is lost, for a session that nobody ends keeps its place; or until the session is there
     * once more. Said for the session as it is now: what comes behind a later try ends nothing.
     */
    void farewell(EdgeSession session, Link link, String reason) {
        farewell(session, link, new Farewell(session.id(), reason, session.latestAttempt()));
    }

    private void farewell(EdgeSession session, Link link, Farewell words) {
        var unused = link.request(session.id().hashCode(), Method.SESSION_CLOSE, words.encode(), REPLY)
                .whenComplete((reply, failure) -> {
                    boolean heard = reply != null && reply.status() != Status.BUSY;
                    if (!heard && !link.isLost()) {
                        later(() -> farewellAgain(session, link, words));
                    }
                });
    }

    private void farewellAgain(EdgeSession session, Link link, Farewell words) {
        if (session.link() != link || session.isEnded()) {
            farewell(session, link, words);
        }
    }

    private void later(Runnable action) {
        try {
            moves.clock().schedule(action, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("The edge is stopping; what was to be said later is left", e);
        }
    }

    /** It does not go where this move would have taken it. */
    private void give(Move move, boolean refused) {
        EdgeSession session = move.session();
        boolean isThere = move.isFormerThere();
        if (isThere && move.why() == Why.LEFT && move.unheard().isEmpty()) {
            session.stays(refused);
        } else if (isThere && move.why() == Why.LEFT) {
            start(move.become(Why.BACK, Duration.ZERO));
        } else if (isThere && !refused && !session.isEnded()) {
            // Its own server does not know either, as long as the register is away. What is asked waits, and its link
            // decides.
            later(() -> start(move));
        } else if (move.why() != Why.LOST && !refused && !session.isEnded()) {
            start(move.become(Why.LOST, moves.within()));
        } else {
            if (!move.from().isLost()) {
                farewell(session, move.from(), "its place is lost");
            }
            move.farewellToUnheard(move.from(), link -> farewell(session, link, "the partner is not there any more"));
            session.end();
            ended.accept(session, "the server is gone; connect again");
        }
    }
}
