package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.NotificationListener;
import io.serai.cluster.database.Notifications;
import io.serai.cluster.limit.SessionRegister.EndRequest;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for sessions that are to end and for changed bans: at once when it is told, and several times in a few seconds in
 * any case, for a notification may be lost. Also clears away what is not needed any more.
 */
public final class LimitWatch {
    private static final Logger LOG = LoggerFactory.getLogger(LimitWatch.class);
    private static final Duration LOOK = Duration.ofMillis(700);
    private static final Duration TIDY = Duration.ofSeconds(15);

    private final Database database;
    private final Fence fence;
    private final SessionRegister sessions;
    private final LimitSlots slots;
    private final Bans bans;
    private final LoginFailures failures;
    private final AtomicBoolean lookPending = new AtomicBoolean();
    private final ScheduledExecutorService rounds = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "limit-watch");
        thread.setDaemon(true);
        return thread;
    });
    private final WithoutPlace withoutPlace = new WithoutPlace();
    private volatile @Nullable NodeSessions present;
    private @Nullable Notifications notifications;

    /** The sessions that this node holds. */
    public interface NodeSessions {
        /** Those that have logged in. Read before {@link SessionRegister} is: a session comes here first. */
        Set<SessionId> loggedIn();

        /** Ends one of them, without waiting; one that is not there any more is no failure. */
        void end(SessionId session, String reason);
    }

    LimitWatch(
            Database database,
            Fence fence,
            SessionRegister sessions,
            LimitSlots slots,
            Bans bans,
            LoginFailures failures) {
        this.database = database;
        this.fence = fence;
        this.sessions = sessions;
        this.slots = slots;
        this.bans = bans;
        this.failures = failures;
    }

    void sessions(NodeSessions ofNode) {
        present = ofNode;
    }

    void start() {
        notifications = database.listen(SessionRegister.CHANNEL, new NotificationListener() {
            @Override
            public void listening() {
                lookSoon();
            }

            @Override
            public void notified(String payload) {
                lookSoon();
            }
        });
        var unused = rounds.scheduleWithFixedDelay(this::look, 0, LOOK.toMillis(), TimeUnit.MILLISECONDS);
        var unusedToo =
                rounds.scheduleWithFixedDelay(this::tidy, TIDY.toMillis(), TIDY.toMillis(), TimeUnit.MILLISECONDS);
    }

    void stop() {
        rounds.shutdownNow();
        if (notifications != null) {
            notifications.close();
        }
    }

    private void lookSoon() {
        if (lookPending.compareAndSet(false, true)) {
            try {
                rounds.execute(this::look);
            } catch (RejectedExecutionException e) {
                LOG.debug("The node stops; it looks no more");
            }
        }
    }

    private void look() {
        lookPending.set(false);
        shielded(() -> {
            Optional<FencingToken> token = token();
            List<EndRequest> toEnd = new ArrayList<>();
            Optional<Bans.Reading> changed = database.read(connection -> {
                if (token.isPresent()) {
                    toEnd.addAll(sessions.endRequests(connection, token.get()));
                }
                return bans.look(connection);
            });
            NodeSessions ofNode = present;
            if (ofNode != null && !toEnd.isEmpty()) {
                end(ofNode, toEnd);
            }
            changed.ifPresent(bans::tell);
        });
    }

    private void end(NodeSessions ofNode, List<EndRequest> requests) {
        for (EndRequest request : requests) {
            ofNode.end(request.session(), "ended by " + request.by());
            sessions.ended(request.session());
        }
    }

    private void tidy() {
        shielded(failures::forget);
        shielded(bans::forget);
        shielded(sessions::forget);
        NodeSessions ofNode = present;
        Optional<FencingToken> token = token();
        token.ifPresent(mine -> shielded(() -> slots.removeOthers(mine)));
        if (ofNode != null && token.isPresent()) {
            shielded(() -> sessions.removeOthers(token.get(), ofNode::loggedIn));
            shielded(() -> withoutPlace.seen(sessions.withoutPlace(token.get(), ofNode::loggedIn)).stream()
                    // The token is asked for again: under another one all have other rows.
                    .filter(session -> token().equals(token))
                    .forEach(session -> ofNode.end(session, "another server has it")));
        } else {
            withoutPlace.seen(List.of());
        }
    }

    private Optional<FencingToken> token() {
        try {
            return Optional.of(fence.token());
        } catch (SeraiException e) {
            LOG.debug("No lease at the moment: {}", e.text());
            return Optional.empty();
        }
    }

    private static void shielded(Runnable work) {
        try {
            work.run();
        } catch (SeraiException e) {
            if (e.kind() != ErrorKind.RESOURCE && e.kind() != ErrorKind.FENCED) {
                LOG.warn("The limits of the cluster were not looked at this time: {}", e.text());
            }
        } catch (RuntimeException e) { // the rounds must outlive any single failure
            LOG.error("The limits of the cluster were not looked at this time", e);
        }
    }
}
