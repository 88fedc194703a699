package io.serai.cluster.leadership;

import io.serai.cluster.lease.Candidacy;
import io.serai.cluster.lease.LeaseHolder;
import io.serai.cluster.lease.LeaseKeeper;
import io.serai.cluster.lease.LeaseName;
import io.serai.cluster.lease.LeaseToken;
import io.serai.config.name.NodeName;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.camel.cluster.CamelClusterEventListener;
import org.apache.camel.cluster.CamelClusterMember;
import org.apache.camel.cluster.CamelClusterService;
import org.apache.camel.support.cluster.AbstractCamelClusterView;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One namespace as this node sees it.
 *
 * <p>Listeners are kept here and not in Camel's base class, which calls them under a lock that their own stop needs: a
 * route that stops while it is told of a loss would wait for ever. A loss is told again for a while, for a consumer of
 * {@code master:} that starts with a delay forgets a loss within that delay.
 *
 * <p>{@code state} guards the fields; listeners are called without it, by several threads. What a listener is told last is
 * true all the same: whoever told it something that is not so any more tells it again.
 */
public final class PostgresClusterView extends AbstractCamelClusterView {
    /** The group of these leases. */
    public static final String GROUP = "leader";

    private static final Logger LOG = LoggerFactory.getLogger(PostgresClusterView.class);
    private static final long START_POLL_MILLIS = 50;
    private static final long RETELL_MILLIS = 200;
    /** Longer than all attempts of master: to start its consumer. */
    private static final long RETELL_FOR_MILLIS = 90_000;

    private final LeaseKeeper keeper;
    private final ScheduledExecutorService timer;
    private final List<CamelClusterEventListener> listeners = new CopyOnWriteArrayList<>();
    private final Object state = new Object();
    /** Grows with every change of what is told of the leadership. */
    private long changes;

    private @Nullable Candidacy candidacy;
    private @Nullable LeaseToken leadership;
    private @Nullable ScheduledFuture<?> waiting;
    private @Nullable ScheduledFuture<?> retelling;
    private Optional<NodeName> seenLeader = Optional.empty();
    private Set<NodeName> seenMembers = Set.of();

    PostgresClusterView(
            CamelClusterService service, String namespace, LeaseKeeper keeper, ScheduledExecutorService timer) {
        super(service, namespace);
        this.keeper = keeper;
        this.timer = timer;
    }

    /** A node as a member of the namespace. */
    private final class Member implements CamelClusterMember {
        private final NodeName node;

        Member(NodeName node) {
            this.node = node;
        }

        @Override
        public boolean isLeader() {
            return isLocal() ? leads() : seenLeader().filter(node::equals).isPresent();
        }

        @Override
        public boolean isLocal() {
            return node.equals(keeper.self());
        }

        @Override
        public String getId() {
            return node.value();
        }
    }

    @Override
    public Optional<CamelClusterMember> getLeader() {
        return leads()
                ? Optional.of(new Member(keeper.self()))
                : seenLeader().filter(node -> !node.equals(keeper.self())).map(Member::new);
    }

    @Override
    public CamelClusterMember getLocalMember() {
        return new Member(keeper.self());
    }

    @Override
    public List<CamelClusterMember> getMembers() {
        synchronized (state) {
            return seenMembers.stream()
                    .sorted()
                    .<CamelClusterMember>map(Member::new)
                    .toList();
        }
    }

    /** The lease's token while this node leads and can trust it: for guarding what the leader writes. */
    public Optional<LeaseToken> token() {
        synchronized (state) {
            Candidacy present = candidacy;
            LeaseToken token = leadership;
            return present == null || token == null
                    ? Optional.empty()
                    : present.held().filter(token::equals);
        }
    }

    private boolean leads() {
        return token().isPresent();
    }

    private Optional<NodeName> seenLeader() {
        synchronized (state) {
            return seenLeader;
        }
    }

    @Override
    public void addEventListener(@Nullable CamelClusterEventListener listener) {
        if (listener == null) {
            return;
        }
        listeners.add(listener);
        if (isRunAllowed() && hasContextStarted()) {
            tellLeadership(listener);
            if (listener instanceof CamelClusterEventListener.Membership membership) {
                getMembers().forEach(member -> membership.memberAdded(this, member));
            }
        }
    }

    @Override
    public void removeEventListener(@Nullable CamelClusterEventListener listener) {
        listeners.removeIf(each -> each == listener);
    }

    @Override
    protected void doStart() {
        if (hasContextStarted()) {
            enter();
            return;
        }
        synchronized (state) {
            waiting = timer.scheduleWithFixedDelay(
                    this::enterOnceStarted, START_POLL_MILLIS, START_POLL_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Returns at once: Camel stops views under a lock that a listener may be waiting for. */
    @Override
    protected void doStop() {
        Candidacy left;
        synchronized (state) {
            cancel(waiting);
            waiting = null;
            left = candidacy;
            candidacy = null;
            leadership = null;
            seenLeader = Optional.empty();
            changes++;
            seenMembers = Set.of();
        }
        if (left != null) {
            left.close();
        }
    }

    private void enterOnceStarted() {
        if (hasContextStarted()) {
            synchronized (state) {
                cancel(waiting);
                waiting = null;
            }
            enter();
        }
    }

    private void enter() {
        synchronized (state) {
            if (candidacy == null && isRunAllowed()) {
                candidacy = keeper.enter(new LeaseName(GROUP, getNamespace()), new Leadership());
            }
        }
    }

    private boolean hasContextStarted() {
        var camel = getCamelContext();
        return camel != null && camel.isStarted();
    }

    /** What the lease says of this node's leadership. */
    private final class Leadership implements LeaseHolder {
        @Override
        public void gained(LeaseToken token) {
            synchronized (state) {
                if (candidacy == null || !isRunAllowed()) {
                    return;
                }
                leadership = token;
                seenLeader = Optional.of(keeper.self());
                changes++;
                cancel(retelling);
                retelling = null;
            }
            LOG.info("This node leads {} (token {})", getNamespace(), token.token());
            tellLeadership();
        }

        @Override
        public void lost(LeaseToken token) {
            boolean known;
            synchronized (state) {
                known = token.equals(leadership);
                leadership = null;
                seenLeader = seenLeader.filter(node -> !node.equals(keeper.self()));
                changes++;
            }
            if (known) {
                LOG.info("This node leads {} no more (token {})", getNamespace(), token.token());
            }
            tellLeadership();
            retell();
        }

        @Override
        public void seen(Optional<NodeName> holder, Set<NodeName> candidates) {
            Set<NodeName> before;
            boolean newLeader;
            synchronized (state) {
                if (candidacy == null) {
                    return;
                }
                before = seenMembers;
                seenMembers = Set.copyOf(candidates);
                // Of this node's own leadership only gained and lost speak.
                Optional<NodeName> other = holder.filter(node -> !node.equals(keeper.self()));
                newLeader = leadership == null && !other.equals(seenLeader);
                if (newLeader) {
                    seenLeader = other;
                    changes++;
                }
            }
            if (newLeader) {
                tellLeadership();
            }
            tellMembers(before, candidates);
        }
    }

    private void retell() {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RETELL_FOR_MILLIS);
        synchronized (state) {
            cancel(retelling);
            try {
                retelling = timer.scheduleWithFixedDelay(
                        () -> retellUntil(until), RETELL_MILLIS, RETELL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                LOG.debug("The service has stopped; the loss of {} is not told again", getNamespace());
            }
        }
    }

    private void retellUntil(long until) {
        synchronized (state) {
            if (leadership != null || System.nanoTime() - until >= 0) {
                cancel(retelling);
                retelling = null;
                return;
            }
        }
        tellLeadership();
    }

    private void tellLeadership() {
        listeners.forEach(this::tellLeadership);
    }

    private void tellLeadership(CamelClusterEventListener listener) {
        if (!(listener instanceof CamelClusterEventListener.Leadership leader)) {
            return;
        }
        long before;
        do {
            before = changes();
            if (!hasContextStarted() || !listeners.contains(listener)) {
                return;
            }
            guarded(() -> leader.leadershipChanged(this, getLeader().orElse(null)));
        } while (changes() != before);
    }

    private long changes() {
        synchronized (state) {
            return changes;
        }
    }

    private void tellMembers(Set<NodeName> before, Set<NodeName> now) {
        Set<NodeName> added = new HashSet<>(now);
        added.removeAll(before);
        Set<NodeName> removed = new HashSet<>(before);
        removed.removeAll(now);
        for (CamelClusterEventListener listener : listeners) {
            if (listener instanceof CamelClusterEventListener.Membership membership && hasContextStarted()) {
                added.forEach(node -> guarded(() -> membership.memberAdded(this, new Member(node))));
                removed.forEach(node -> guarded(() -> membership.memberRemoved(this, new Member(node))));
            }
        }
    }

    /** One listener's failure must not keep another from hearing of a loss. */
    private void guarded(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.warn("A listener of the namespace {} failed", getNamespace(), e);
        }
    }

    private static void cancel(@Nullable ScheduledFuture<?> task) {
        if (task != null) {
            task.cancel(false);
        }
    }
}
