package io.serai.cluster.object;

import static java.util.stream.Collectors.joining;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.object.ObjectStore.Change;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.object.Proposals.Phase;
import io.serai.cluster.object.Proposals.Proposal;
import io.serai.cluster.object.Proposals.State;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.FirstRelease;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes that come into force on every live node or on none, decided through the database in two phases:
 *
 * <pre>
 *            all live nodes can                    all live nodes have it in force
 *   voting ────────────────────► settling (committed) ────────────────────► done
 *      │ one cannot                    │ one fails
 *      ▼                               ▼
 *   refused (nothing changed)       undone (what was there before is committed again)
 * </pre>
 *
 * <p>No node coordinates: whoever looks at an open proposal moves it on, under the lock of all changes, so that it ends
 * although the node that proposed it has died. A node counts while its lease runs: one that died or froze is waited for no
 * longer than that. Proposals follow one another. State: votes and revisions are in the database; what was
 * voted and reported here belongs to the one thread of {@code voter}.
 */
public final class SharedChanges implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedChanges.class);
    private static final Duration LOOK_EVERY = Duration.ofMillis(50);
    private static final Duration ENFORCE_PATIENCE = Duration.ofSeconds(10);

    private final Database database;
    private final JdbcObjectStore store;
    private final Fence fence;
    private final Proposals proposals;
    private final ProposalMover mover;
    private final StrayEvents strays;
    private final AtomicBoolean woken = new AtomicBoolean();
    private final AtomicBoolean routesWent = new AtomicBoolean();
    private volatile boolean closing;
    private volatile @Nullable ExecutorService voter;
    private volatile @Nullable ChangeParty party;

    private volatile long reportedEpoch = -1;
    private volatile long reportedRevision = -1;
    private long votedFor = -1;
    private long enforcedFor = -1;
    private long votedEpoch = -1;

    /** What a change has come to when its maker is told. */
    public enum Standing {
        /** It is in force on every live node. */
        IN_FORCE,
        /** It is committed; a node still finishes what it does by the former objects, and may fail at the new ones. */
        SETTLING
    }

    /** What really changed. */
    public record Made(List<Change> changes, Standing standing) {
        public Made {
            changes = List.copyOf(changes);
        }
    }

    public SharedChanges(Database database, JdbcObjectStore store, ObjectJson json, Fence fence) {
        this.database = database;
        this.store = store;
        this.fence = fence;
        this.proposals = new Proposals(json);
        this.mover = new ProposalMover(store, proposals);
        this.strays = new StrayEvents(database);
    }

    /** From here on this node has a say; call when it has its objects in force. */
    public synchronized void start(ChangeParty party) {
        if (voter != null) {
            return;
        }
        this.party = party;
        ExecutorService fresh = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "config-voter");
            thread.setDaemon(true);
            return thread;
        });
        store.onChange(this::changed);
        FencingToken token = fence.token();
        long revision = bringInForce(party);
        database.execute(connection -> NodeRevisions.report(connection, token, revision));
        voter = fresh;
        store.onLook(this::looked);
        store.lookSoon();
    }

    /** This node has no say any more; proposals are decided without it. */
    @Override
    public synchronized void close() {
        closing = true;
        ExecutorService stopping = voter;
        voter = null;
        store.onLook(look -> {});
        if (stopping == null) {
            return;
        }
        stopping.shutdown();
        try {
            if (!stopping.awaitTermination(10, TimeUnit.SECONDS)) {
                LOG.warn("A change of configuration is still being put in force while the node stops");
            }
            FencingToken token = fence.token();
            database.execute(connection -> NodeRevisions.forget(connection, token));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SeraiException e) {
            LOG.debug("The end of this node's say could not be recorded; it ends with its lease: {}", e.text());
        }
    }

    /**
     * Makes a change that is in force on every live node when this returns, or, where a node still finishes what it does
     * by the former objects, will be in force or taken back everywhere; see {@link #nodes}. When a node cannot put it in
     * force, nothing is changed.
     *
     * @return what really changed, and whether all nodes have it
     * @throws SeraiException INVALID with the node and its reason; OBJECT_IN_USE as {@link ObjectStore#change}
     */
    public Made make(List<ConfigObject> puts, List<Key> deletes, String by) {
        JdbcObjectStore.requireOnceEach(puts, deletes);
        long id = propose(puts, deletes, by);
        store.lookSoon();
        long settleBy = 0;
        long giveUp = System.nanoTime() + ChangeLimits.DECISION.toNanos();
        while (System.nanoTime() < giveUp) {
            State state = database.statement(connection -> Proposals.state(connection, id));
            switch (state) {
                case VOTING -> {}
                case SETTLING -> {
                    settleBy = settleBy == 0 ? System.nanoTime() + ENFORCE_PATIENCE.toNanos() : settleBy;
                    if (System.nanoTime() > settleBy) {
                        return new Made(finished(id), Standing.SETTLING);
                    }
                }
                case DONE -> {
                    return new Made(finished(id), Standing.IN_FORCE);
                }
                case REFUSED, UNDONE -> throw refusal(id);
            }
            wake();
            pause();
        }
        throw new SeraiException(
                ErrorCode.BUSY,
                "The nodes have not decided about the change within " + ChangeLimits.DECISION.toSeconds()
                        + " s; they still may, see the history of the objects");
    }

    /** The live nodes with the revision that each has in force. */
    public List<NodeRevision> nodes() {
        return database.read(connection -> NodeRevisions.live(connection).stream()
                .map(NodeRevisions.Live::asRevision)
                .toList());
    }

    /**
     * Refuses objects of which a live node of the first release could not read everything: it would follow no change of
     * configuration from then on, so that an account that is disabled later would still be let in there.
     *
     * @throws SeraiException BUSY with the objects and the nodes
     */
    public void requireReadByAll(List<ConfigObject> puts) {
        List<String> newer = puts.stream()
                .map(FirstRelease::unknown)
                .flatMap(Optional::stream)
                .toList();
        if (!newer.isEmpty()) {
            requireNoOlderNodes(String.join("; ", newer));
        }
    }

    /**
     * Refuses what a node of the first release does not understand while one may run.
     *
     * @throws SeraiException BUSY with what it is and the nodes
     */
    public void requireNoOlderNodes(String what) {
        List<NodeName> others = nodesWithoutPart();
        if (!others.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.BUSY,
                    "Nothing was changed, for not every node would understand it (" + what + "): "
                            + others.stream().map(NodeName::value).collect(joining(", "))
                            + " is of an older release, or just starting. Upgrade all nodes first, or try again in a"
                            + " moment");
        }
    }

    /** Live nodes that take no part in deciding: they are starting, or are of a release that cannot. */
    List<NodeName> nodesWithoutPart() {
        return database.read(connection -> NodeRevisions.withoutPart(connection).stream()
                .map(NodeName::new)
                .toList());
    }

    /** Waits, up to the limit, until every live node has the revision that this node has; the nodes as they are then. */
    public List<NodeRevision> awaitNodes(Duration limit) {
        long revision = store.current().revision();
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            List<NodeRevision> nodes = nodes();
            if (nodes.stream().allMatch(node -> node.revision() >= revision) || System.nanoTime() > end) {
                return nodes;
            }
            wake();
            pause();
        }
    }

    /** The revision that this node's objects stand at. */
    public long revision() {
        return store.current().revision();
    }

    private long propose(List<ConfigObject> puts, List<Key> deletes, String by) {
        String node = fence.token().node().value();
        long end = System.nanoTime() + ChangeLimits.TURN.toNanos();
        while (true) {
            OptionalLong id = database.transaction(connection -> {
                Proposals.forget(connection);
                OptionalLong added = proposals.add(connection, puts, deletes, by, node);
                if (added.isPresent()) {
                    ChangeWriter.announce(connection);
                }
                return added;
            });
            if (id.isPresent()) {
                return id.getAsLong();
            }
            if (System.nanoTime() > end) {
                throw new SeraiException(
                        ErrorCode.BUSY,
                        "Another change of the configuration has been under way for " + ChangeLimits.TURN.toSeconds()
                                + " s; nothing was changed, try again");
            }
            wake();
            pause();
        }
    }

    private List<Change> finished(long id) {
        store.catchUp();
        return database.read(connection -> {
            OptionalLong revision = proposals.read(connection, id).revision();
            return revision.isPresent()
                    ? store.tables().changesOf(connection, revision.getAsLong())
                    : List.<Change>of();
        });
    }

    private SeraiException refusal(long id) {
        store.catchUp();
        Proposal proposal = database.read(connection -> proposals.read(connection, id));
        return new SeraiException(proposal.error().orElse(ErrorCode.INVALID), proposal.reason());
    }

    private void looked(JdbcObjectStore.Look look) {
        if (look.openProposal().isPresent() || look.revision() != reportedRevision || epoch() != reportedEpoch) {
            wake();
        }
    }

    private long epoch() {
        try {
            return fence.token().epoch();
        } catch (SeraiException e) {
            return -1;
        }
    }

    /** Takes no lock: who closes this waits for the voter, which wakes itself. */
    private void wake() {
        ExecutorService running = voter;
        if (running != null && woken.compareAndSet(false, true)) {
            try {
                running.execute(this::round);
            } catch (RejectedExecutionException e) {
                LOG.debug("No part in changes any more: {}", e.toString());
            }
        }
    }

    private void round() {
        woken.set(false);
        if (closing) {
            return;
        }
        try {
            FencingToken token = fence.token();
            OptionalLong open = database.statement(store.tables()::look).openProposal();
            if (open.isPresent()) {
                takePart(open.getAsLong(), token);
            }
            report(token);
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.DEFECT) {
                LOG.error("This node's part in a change of configuration failed; tried again", e);
            } else {
                LOG.debug("This node takes no part in changes now: {}", e.text());
            }
        } catch (RuntimeException e) { // the edge of the loop: the next look tries again
            LOG.error("This node's part in a change of configuration failed; tried again", e);
        }
    }

    /** A node says that it has a revision when what was committed up to it is in force here. */
    private void report(FencingToken token) {
        ChangeParty present = party;
        if (present == null || token.epoch() == reportedEpoch && store.current().revision() == reportedRevision) {
            return;
        }
        long revision = bringInForce(present);
        database.execute(connection -> NodeRevisions.report(connection, token, revision));
        reportedEpoch = token.epoch();
        reportedRevision = revision;
    }

    /** The revision that is in force here when this returns. */
    private long bringInForce(ChangeParty present) {
        store.catchUp();
        long revision = store.current().revision();
        boolean went = routesWent.getAndSet(false);
        try {
            present.follow();
            // From here on no file arrives on this node for a route that went.
            if (went) {
                strays.park();
            }
        } catch (RuntimeException e) {
            routesWent.compareAndSet(false, went);
            throw e;
        }
        return revision;
    }

    private void changed(List<Change> changes) {
        if (changes.stream().anyMatch(change -> change.key().kind() == ObjectKind.ROUTE && change.after() == null)) {
            routesWent.set(true);
        }
    }

    private void takePart(long id, FencingToken token) {
        ChangeParty present = party;
        if (present == null) {
            return;
        }
        if (votedEpoch != token.epoch()) {
            votedEpoch = token.epoch();
            votedFor = -1;
            enforcedFor = -1;
        }
        Proposal proposal = database.read(connection -> proposals.read(connection, id));
        if (proposal.state() == State.VOTING && votedFor != id) {
            cast(id, Phase.PREPARE, token, safely(() -> present.objections(proposal.puts(), proposal.deletes())));
            votedFor = id;
        } else if (proposal.state() == State.SETTLING && enforcedFor != id) {
            store.catchUp();
            cast(id, Phase.ENFORCE, token, safely(() -> present.enforce(proposal.keys())));
            enforcedFor = id;
        }
        if (database.transaction(connection -> mover.move(connection, id))) {
            store.lookSoon();
            wake();
        }
    }

    /** A node that cannot even answer must not say yes by its silence. */
    private List<String> safely(java.util.function.Supplier<List<String>> question) {
        try {
            return question.get();
        } catch (RuntimeException | LinkageError e) {
            LOG.error("A change of configuration cannot be put in force here", e);
            return List.of(e instanceof SeraiException known ? known.text() : e.toString());
        }
    }

    private void cast(long id, Phase phase, FencingToken token, List<String> objections) {
        if (closing) {
            return;
        }
        String reason = Optional.of(objections.stream().collect(joining("\n  ")))
                .filter(text -> !text.isEmpty() || objections.isEmpty())
                .orElse("it gave no reason");
        database.execute(connection -> {
            Proposals.cast(connection, id, phase, token, reason);
            ChangeWriter.announce(connection);
        });
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(LOOK_EVERY.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SeraiException(
                    ErrorCode.BUSY,
                    "Interrupted while the nodes decide about a change; see the history of the objects",
                    e);
        }
    }
}
