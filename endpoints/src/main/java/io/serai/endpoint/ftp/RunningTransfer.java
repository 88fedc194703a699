package io.serai.endpoint.ftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A transfer on its thread: waits for the data connection, moves the bytes and replies. */
final class RunningTransfer implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(RunningTransfer.class);

    /** What is moved. */
    interface Cargo extends AutoCloseable {
        /** Moves everything and tells what to reply; calls the signal whenever something has moved. */
        Answer move(DataConnection data, Runnable moved) throws IOException;

        /** Frees what it holds; whatever was not ended by {@link #move} is broken off for this reason. */
        void end(String reason);

        @Override
        default void close() {
            end("closed");
        }
    }

    private final Conversation conversation;
    private final DataConnection data;
    private final Cargo cargo;
    private volatile long movedAtNanos = System.nanoTime();
    private volatile @Nullable String brokenOff;
    private volatile boolean isAborRequested;
    private volatile boolean isMoving = true;

    RunningTransfer(Conversation conversation, DataConnection data, Cargo cargo) {
        this.conversation = conversation;
        this.data = data;
        this.cargo = cargo;
    }

    @Override
    public void run() {
        Answer answer = outcome();
        try {
            conversation.reply(answer);
            if (isAborRequested) {
                conversation.reply(226, "Broken off");
            }
        } finally {
            conversation.transferEnded();
        }
    }

    private Answer outcome() {
        String reason = "the data connection broke";
        try {
            data.open(
                    conversation.protectsData()
                            ? Optional.of(conversation.services().tls().getSSLContext())
                            : Optional.empty());
            moved();
            return cargo.move(data, this::moved);
        } catch (SeraiException e) {
            reason = e.text();
            LOG.debug("Session {}: transfer refused: {}", conversation.id(), e.text());
            return FtpReplies.of(e);
        } catch (java.net.SocketTimeoutException e) {
            reason = "the data connection did not move";
            return Answer.of(426, "The data connection did not come or did not move");
        } catch (IOException e) {
            String known = brokenOff;
            reason = known == null ? "the data connection broke: " + e.getMessage() : known;
            return Answer.of(426, "The transfer was broken off");
        } catch (RuntimeException e) {
            reason = "a defect";
            LOG.error("Session {}: a transfer failed", conversation.id(), e);
            return FtpReplies.of(new SeraiException(ErrorCode.DEFECT, "A transfer failed", e));
        } finally {
            isMoving = false;
            data.close();
            end(reason);
        }
    }

    private void end(String reason) {
        try {
            cargo.end(reason);
        } catch (RuntimeException e) {
            LOG.warn("Session {}: the end of a transfer could not be recorded: {}", conversation.id(), e.getMessage());
        }
    }

    private void moved() {
        movedAtNanos = System.nanoTime();
    }

    /** Ends the data connection; the transfer then replies 426. Without effect when its bytes have all been moved. */
    void breakOff(String reason) {
        if (brokenOff == null) {
            brokenOff = reason;
        }
        data.breakOff();
    }

    /** As ABOR wants it: 426 for the transfer, 226 for ABOR. */
    void abor() {
        isAborRequested = true;
        breakOff("ABOR");
    }

    /** Breaks off when the other side does not take or bring anything. */
    void breakOffIfStuck(Duration limit) {
        if (isMoving && System.nanoTime() - movedAtNanos > limit.toNanos()) {
            breakOff("the data connection did not move");
        }
    }
}
