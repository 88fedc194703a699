package io.serai.cluster.transaction;

import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.transaction.Participant.Branch;
import io.serai.cluster.transaction.Participant.Scan;
import io.serai.cluster.transaction.TransactionOutcomes.Decided;
import io.serai.config.error.SeraiException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.transaction.xa.XAException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finishes what transactions left prepared at the participants: this node's own from time to time and soon after a commit
 * that did not reach everybody, those of a dead boot as a part of its takeover, and, should a participant have been away
 * then, those of any boot that is over in a later round.
 *
 * <p>The outcome is read in the shared database, and where there is none it is decided there for rollback. Several nodes
 * may do that at the same time. An owner that was frozen and goes on finds the same outcome, so recovery may be
 * mistaken about who is alive without harm.
 *
 * <p>The lock guards the life cycle; one regular round runs at a time and makes the report. A takeover waits for none
 * of them and for no participant longer than its limit.
 */
public final class InDoubtRecovery implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InDoubtRecovery.class);
    /** How long a transaction may stay prepared before somebody has to look. */
    public static final Duration OVERDUE = Duration.ofMinutes(5);

    private static final Duration SOON = Duration.ofSeconds(2);
    private static final int MOST_DECIDED = 10_000;

    private final Transactions transactions;
    private final Supplier<Collection<? extends Participant>> participants;
    private final Duration interval;
    private final InstantSource clock;
    private final Map<String, Instant> firstSeen = new ConcurrentHashMap<>();
    private final Set<String> complainedOf = ConcurrentHashMap.newKeySet();
    /** Participants that a takeover waits for, or waited for in vain: there is a thread for each of them at most. */
    private final Set<String> askedByTakeover = ConcurrentHashMap.newKeySet();

    private final ExecutorService askers = Executors.newCachedThreadPool(task -> {
        Thread asker = new Thread(task, "in-doubt-takeover");
        asker.setDaemon(true);
        return asker;
    });
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Thread thread;
    private boolean woken;
    private boolean closed;
    private volatile Report report = Report.EMPTY;

    /**
     * What the last round saw.
     *
     * @param prepared transactions of this cluster that were prepared and not finished
     * @param overdue those of them, and of others in Serai's own database, that are so for more than five minutes
     * @param oldest how long the oldest of them has been prepared
     * @param unreachable participants that could not be asked
     */
    public record Report(int prepared, List<String> overdue, Duration oldest, List<String> unreachable) {
        static final Report EMPTY = new Report(0, List.of(), Duration.ZERO, List.of());

        public Report {
            overdue = List.copyOf(overdue);
            unreachable = List.copyOf(unreachable);
        }
    }

    /** @param participants those that are declared now, and former ones that may have something prepared; asked in every round */
    public InDoubtRecovery(
            Transactions transactions,
            Supplier<Collection<? extends Participant>> participants,
            Duration interval,
            InstantSource clock) {
        this.transactions = transactions;
        this.participants = participants;
        this.interval = interval;
        this.clock = clock;
    }

    /** Begins to look, at once and from time to time. */
    public void start() {
        Thread fresh = new Thread(this::run, "in-doubt-recovery");
        fresh.setDaemon(true);
        lock.lock();
        try {
            if (closed || thread != null) {
                return;
            }
            thread = fresh;
        } finally {
            lock.unlock();
        }
        transactions.onUnfinished(this::wake);
        fresh.start();
    }

    /** Looks soon. */
    public void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    public Report report() {
        return report;
    }

    @Override
    public void close() {
        Thread ending;
        lock.lock();
        try {
            closed = true;
            ending = thread;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        askers.shutdownNow();
        if (ending != null) {
            try {
                ending.join(10_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        do {
            try {
                recoverLeft();
            } catch (SeraiException e) {
                LOG.debug("What was left prepared is looked for again: {}", e.text());
            } catch (RuntimeException e) { // a round that fails must not end the rounds
                LOG.warn("Looking for what was left prepared failed; it is tried again", e);
            }
        } while (rest());
    }

    /** False when closed. */
    private boolean rest() {
        lock.lock();
        try {
            long began = System.nanoTime();
            long left = interval.toNanos();
            while (!closed && left > 0) {
                left = changed.awaitNanos(left);
                long passed = System.nanoTime() - began;
                left = (woken ? SOON : interval).toNanos() - passed;
            }
            woken = false;
            return !closed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Finishes what the dead boot left at the participants that answer in time, all at once; the rest is left to the
     * rounds, the next of which comes soon then.
     *
     * @param limit how long to wait: other work of a dead node comes after this
     * @return the number of branches
     */
    public int recover(DeadBoot dead, Duration limit) {
        boolean mine = dead.bootId().equals(transactions.owner().boot());
        if (!mine && transactions.outcomes().liveBoots().contains(dead.bootId())) {
            // The process lives and has a new lease: it knows best what it still runs.
            return 0;
        }
        Map<String, Future<Integer>> asked = new LinkedHashMap<>();
        List<String> late = new ArrayList<>();
        for (Participant participant : List.copyOf(participants.get())) {
            if (askedByTakeover.add(participant.identity())) {
                asked.put(participant.identity(), askers.submit(() -> finishAt(participant, dead)));
            } else {
                late.add(participant.identity());
            }
        }
        int finished = await(asked, limit, late);
        if (!late.isEmpty()) {
            LOG.warn(
                    "What node {} left prepared at {} is looked for later: no answer within {} ms",
                    dead.node(),
                    late,
                    limit.toMillis());
            wake();
        }
        return finished;
    }

    private int finishAt(Participant participant, DeadBoot dead) {
        try {
            Round round = new Round(boot -> boot.equals(dead.bootId()));
            round.visit(participant);
            return round.finished;
        } finally {
            askedByTakeover.remove(participant.identity());
        }
    }

    private static int await(Map<String, Future<Integer>> asked, Duration limit, List<String> late) {
        long deadline = System.nanoTime() + limit.toNanos();
        int finished = 0;
        for (Map.Entry<String, Future<Integer>> one : asked.entrySet()) {
            try {
                finished += one.getValue().get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                late.add(one.getKey());
            } catch (ExecutionException e) {
                LOG.error("{} was not asked for prepared transactions; asked again", one.getKey(), e.getCause());
                late.add(one.getKey());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                late.add(one.getKey());
            }
        }
        return finished;
    }

    /** Finishes what this boot and all that are over have left; the number of branches. */
    public synchronized int recoverLeft() {
        List<Decided> decided = transactions.outcomes().decided(MOST_DECIDED);
        Set<UUID> live = transactions.outcomes().liveBoots();
        UUID own = transactions.owner().boot();
        Round round = new Round(boot -> boot.equals(own) || !live.contains(boot));
        round.visit();
        round.forget(decided);
        transactions.outcomes().forgetOld();
        report = round.report();
        firstSeen.keySet().retainAll(round.seen);
        return round.finished;
    }

    private final class Round {
        private final Predicate<UUID> boots;
        private final Instant now = clock.instant();
        private final Set<String> seen = new HashSet<>();
        private final Map<String, Set<TransactionId>> preparedAt = new HashMap<>();
        private final Set<TransactionId> unfinished = new HashSet<>();
        private final List<String> overdue = new ArrayList<>();
        private final List<String> unreachable = new ArrayList<>();
        private Duration oldest = Duration.ZERO;
        private int finished;

        Round(Predicate<UUID> boots) {
            this.boots = boots;
        }

        void visit() {
            List.copyOf(participants.get()).forEach(this::visit);
        }

        void visit(Participant participant) {
            try (Scan scan = participant.scan()) {
                Set<TransactionId> prepared = new HashSet<>();
                for (Branch branch : scan.prepared()) {
                    visit(participant, scan, branch, prepared);
                }
                preparedAt
                        .computeIfAbsent(participant.identity(), unknown -> new HashSet<>())
                        .addAll(prepared);
                complainedOf.remove(participant.identity());
            } catch (Exception e) { // one participant that is away must not keep the others from being asked
                unreachable.add(participant.identity());
                if (complainedOf.add(participant.identity())) {
                    LOG.warn(
                            "{} cannot be asked for prepared transactions; asked again within {} s: {}",
                            participant.identity(),
                            interval.toSeconds(),
                            e.toString());
                }
            }
        }

        private void visit(Participant participant, Scan scan, Branch branch, Set<TransactionId> prepared) {
            Optional<TransactionId> id = TransactionId.of(branch.xid())
                    .filter(known ->
                            known.owner().cluster().equals(transactions.owner().cluster()));
            if (participant.name().equals(PreparedInDatabase.NAME)) {
                watch(branch);
                return;
            }
            if (id.isEmpty()) {
                return;
            }
            prepared.add(id.get());
            boolean may = boots.test(id.get().owner().boot()) && !transactions.isRunning(id.get());
            if (may && finish(participant, scan, branch, id.get())) {
                finished++;
            } else {
                note(participant, branch, id.get());
            }
        }

        /** False when it stays prepared. */
        private boolean finish(Participant participant, Scan scan, Branch branch, TransactionId id) {
            boolean commit = transactions.outcomes().settle(id);
            try {
                if (commit) {
                    scan.commit(branch.xid());
                } else {
                    scan.rollback(branch.xid());
                }
                LOG.warn(
                        "Transaction {}, left prepared at {} by boot {}, is {}",
                        id,
                        participant.name(),
                        id.owner().boot(),
                        commit ? "committed" : "rolled back");
                return true;
            } catch (XAException e) {
                // Another node may have done it at the same moment; the next look shows.
                LOG.debug("Transaction {} at {} was not finished: XA error {}", id, participant.name(), e.errorCode, e);
                return false;
            }
        }

        private void note(Participant participant, Branch branch, TransactionId id) {
            unfinished.add(id);
            String key = participant.name() + "/" + id.hex();
            seen.add(key);
            Instant since = branch.since().orElseGet(() -> firstSeen.computeIfAbsent(key, unknown -> now));
            Duration age = Duration.between(since, now);
            if (age.compareTo(oldest) > 0) {
                oldest = age;
            }
            if (age.compareTo(OVERDUE) > 0) {
                overdue.add("transaction " + id + " at " + participant.name());
                LOG.error(
                        "Transaction {} has been prepared at {} for {} s and holds its locks there; boot {} began it",
                        id,
                        participant.name(),
                        age.toSeconds(),
                        id.owner().boot());
            }
        }

        /** Whose it is does not matter: it holds locks in the database that all nodes work on. */
        private void watch(Branch branch) {
            Duration age = Duration.between(branch.since().orElse(now), now);
            if (age.compareTo(OVERDUE) > 0) {
                overdue.add("a transaction that Serai did not prepare, in the shared database");
                LOG.error(
                        "Somebody's transaction has been prepared in the shared database for {} s and holds its locks:"
                                + " see pg_prepared_xacts, then COMMIT PREPARED or ROLLBACK PREPARED",
                        age.toSeconds());
            }
        }

        /** Decisions that all their participants have carried out are of no use any more. */
        void forget(List<Decided> decided) {
            transactions
                    .outcomes()
                    .forget(decided.stream()
                            .filter(decision -> preparedAt.keySet().containsAll(decision.participants()))
                            .filter(decision -> decision.participants().stream()
                                    .noneMatch(identity -> preparedAt
                                            .getOrDefault(identity, Set.of())
                                            .contains(decision.id())))
                            .map(Decided::id)
                            .toList());
        }

        Report report() {
            return new Report(unfinished.size(), overdue, oldest, unreachable);
        }
    }
}
