package io.serai.cluster.transaction;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is known of a running transaction. Used by the thread that runs it; the outcome is read by it alone, too. */
final class TransactionScope {
    private final TransactionId id;
    private final Set<Participant> participants = new LinkedHashSet<>();
    private @Nullable SharedBranch shared;
    private boolean decided;

    TransactionScope(TransactionId id) {
        this.id = id;
    }

    TransactionId id() {
        return id;
    }

    void join(Participant participant) {
        participants.add(participant);
    }

    Set<Participant> participants() {
        return participants;
    }

    void enlisted(SharedBranch branch) {
        shared = branch;
    }

    boolean usesSharedDatabase() {
        return shared != null;
    }

    /** The decision is written and waits for the commit of the part in the shared database. */
    void decisionIsWritten() {
        decided = true;
    }

    boolean isDecisionWritten() {
        return decided;
    }

    /** Whether the part in the shared database is committed: then the whole transaction is, whatever else happens. */
    boolean isCommitted() {
        SharedBranch branch = shared;
        return branch != null && branch.isCommitted();
    }
}
