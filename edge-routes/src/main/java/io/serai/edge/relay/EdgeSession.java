package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.edge.link.Link;
import io.serai.endpoint.PartnerOperation.Origin;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One session of an endpoint: by which link its server is reached, and what it needs to go to another one.
 *
 * <pre>
 *   HERE --link lost, or left while idle--> MOVING --resumed--> HERE (at the other server)
 *   MOVING --refused, or no server in time--> HERE (if it was left) or ENDED
 * </pre>
 *
 * <p>What is asked waits while it moves. Safe for several threads; its state is guarded by itself.
 */
final class EdgeSession {
    private static final byte[] NONE = new byte[0];
    private static final long LOOK_MILLIS = 100;

    private enum State {
        HERE,
        MOVING,
        ENDED
    }

    private final SessionId id;
    private final Origin origin;
    private Link link;
    private byte[] ticket = NONE;
    private State state = State.HERE;
    private int requests;
    private int files;
    private boolean stays;
    private boolean opening = true;
    private long attempts;

    EdgeSession(SessionId id, Origin origin, Link link) {
        this.id = id;
        this.origin = origin;
        this.link = link;
    }

    SessionId id() {
        return id;
    }

    Origin origin() {
        return origin;
    }

    synchronized Link link() {
        return link;
    }

    synchronized byte[] ticket() {
        return ticket;
    }

    synchronized boolean isMovable() {
        return ticket.length > 0;
    }

    /** Its partner has logged in. */
    synchronized void ticket(byte[] fresh) {
        ticket = fresh;
    }

    /** Whether its server has not greeted it yet. */
    synchronized boolean isOpening() {
        return opening;
    }

    synchronized void opened() {
        opening = false;
    }

    // ---- use ----

    /** Begins a request, when it does not move; to be ended by {@link #leave}. */
    synchronized void enter(Duration patience) throws InterruptedException {
        awaitHere(patience);
        requests++;
    }

    synchronized void leave() {
        requests--;
    }

    /** A file is open; to be ended by {@link #closeFile}. */
    synchronized void openFile() {
        files++;
    }

    synchronized void closeFile() {
        files--;
    }

    private void awaitHere(Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (state == State.MOVING && System.nanoTime() - deadline < 0) {
            TimeUnit.NANOSECONDS.timedWait(this, Math.max(1, deadline - System.nanoTime()));
        }
        if (state == State.ENDED) {
            throw RelayedSession.unknown();
        }
        if (state == State.MOVING) {
            throw new SeraiException(ErrorCode.BUSY, "No server can be reached at the moment");
        }
    }

    /**
     * The link by which its server is reached after a failure of this one: another one, or the same when that can be used again. Empty
     * when there is none in time, or the session cannot move.
     */
    synchronized Optional<Link> awaitOther(Link failed, Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (isMovable() && state != State.ENDED && System.nanoTime() - deadline < 0) {
            if (state == State.HERE && link != failed) {
                return Optional.of(link);
            }
            TimeUnit.MILLISECONDS.timedWait(this, LOOK_MILLIS);
            // Asked only after a while, in which a link that is being lost is seen to be.
            if (state == State.HERE && link == failed && failed.isUsable()) {
                return Optional.of(link);
            }
        }
        return Optional.empty();
    }

    // ---- moves ----

    /** Whether it moves from now on, for its link is lost; whoever asks has to see to it. */
    synchronized boolean beginMove(Link lost) {
        if (state != State.HERE || link != lost || !isMovable()) {
            return false;
        }
        state = State.MOVING;
        return true;
    }

    /** Whether it moves from now on, for its server wants to be left and nothing of it is under way. */
    synchronized boolean beginLeaving() {
        if (state != State.HERE || stays || !isMovable() || requests > 0 || files > 0) {
            return false;
        }
        state = State.MOVING;
        return true;
    }

    /** The number of the next try to go on somewhere, which is higher than all before. */
    synchronized long nextAttempt() {
        return ++attempts;
    }

    /** The number of the latest such try; 0 before the first. */
    synchronized long latestAttempt() {
        return attempts;
    }

    /** It is at another server, or at the same by another link; false if it has ended meanwhile. */
    synchronized boolean moved(Link to, byte[] fresh) {
        if (state != State.MOVING) {
            return false;
        }
        link = to;
        ticket = fresh;
        state = State.HERE;
        notifyAll();
        return true;
    }

    /** It stays where it is: there is no other server at the moment, or one has refused it, and then it does not ask again. */
    synchronized void stays(boolean forGood) {
        if (state == State.MOVING) {
            stays |= forGood;
            state = State.HERE;
            notifyAll();
        }
    }

    synchronized void end() {
        state = State.ENDED;
        notifyAll();
    }

    synchronized boolean isEnded() {
        return state == State.ENDED;
    }
}
