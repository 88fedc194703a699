package io.serai.cluster.object;

import static java.util.stream.Collectors.joining;

import io.serai.cluster.object.Proposals.Move;
import io.serai.cluster.object.Proposals.Phase;
import io.serai.cluster.object.Proposals.Proposal;
import io.serai.cluster.object.Proposals.State;
import io.serai.cluster.object.Proposals.Vote;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moves a proposal on as the votes say. Any node may do so at any time: the lock of all changes makes them take turns. */
final class ProposalMover {
    private static final Logger LOG = LoggerFactory.getLogger(ProposalMover.class);
    /** A node that is alive and says nothing for so long is broken; waiting on would block every other change. */
    private static final Duration VOTE_LIMIT = Duration.ofSeconds(60);

    private static final Duration ENFORCE_LIMIT = Duration.ofMinutes(10);

    private final JdbcObjectStore store;
    private final Proposals proposals;

    ProposalMover(JdbcObjectStore store, Proposals proposals) {
        this.store = store;
        this.proposals = proposals;
    }

    /** Whether the proposal moved. */
    boolean move(Connection connection, long id) throws SQLException {
        store.tables().lock(connection);
        Proposal proposal = proposals.read(connection, id);
        Optional<Move> move = switch (proposal.state()) {
            case VOTING -> decide(connection, proposal);
            case SETTLING -> settle(connection, proposal);
            case DONE, REFUSED, UNDONE -> Optional.empty();
        };
        if (move.isPresent()) {
            Proposals.move(connection, id, move.get());
            ChangeWriter.announce(connection);
        }
        return move.isPresent();
    }

    private Optional<Move> decide(Connection connection, Proposal proposal) throws SQLException {
        Poll poll = poll(connection, proposal, Phase.PREPARE);
        if (!poll.objections().isEmpty()) {
            return Optional.of(Move.refused(
                    ErrorCode.INVALID, "Nothing was changed, for not every node can do it:\n  " + poll.objections()));
        }
        if (!poll.silent().isEmpty()) {
            return proposal.age().compareTo(VOTE_LIMIT) < 0
                    ? Optional.empty()
                    : Optional.of(Move.refused(
                            ErrorCode.BUSY,
                            "Nothing was changed, for " + String.join(", ", poll.silent()) + " did not answer within "
                                    + VOTE_LIMIT.toSeconds() + " s; look at its log"));
        }
        return poll.empty() ? Optional.empty() : Optional.of(commit(connection, proposal));
    }

    private Move commit(Connection connection, Proposal proposal) throws SQLException {
        try {
            store.writer().requireReferences(connection, store.current(), proposal.puts(), proposal.deletes());
            ChangeWriter.Written written = store.writer()
                    .write(connection, store.current(), proposal.puts(), proposal.deletes(), proposal.by());
            return written.revision() == 0 ? Move.to(State.DONE) : Move.settling(written.revision());
        } catch (SeraiException e) {
            return Move.refused(e.code(), e.text());
        }
    }

    private Optional<Move> settle(Connection connection, Proposal proposal) throws SQLException {
        Poll poll = poll(connection, proposal, Phase.ENFORCE);
        if (!poll.objections().isEmpty()) {
            return Optional.of(undo(connection, proposal, poll.objections()));
        }
        if (poll.empty()) {
            return Optional.empty();
        }
        if (poll.silent().isEmpty()) {
            return Optional.of(Move.to(State.DONE));
        }
        if (proposal.age().compareTo(ENFORCE_LIMIT) < 0) {
            return Optional.empty();
        }
        LOG.error(
                "{} did not say within {} minutes whether a change is in force",
                poll.silent(),
                ENFORCE_LIMIT.toMinutes());
        return Optional.of(Move.to(State.DONE));
    }

    /**
     * Puts back what was there before, but for what has been changed since by somebody else and for what cannot go or come
     * back any more. Files that have arrived for a route that goes are kept: their events are parked.
     */
    private Move undo(Connection connection, Proposal proposal, String objections) throws SQLException {
        long revision = proposal.revision().orElseThrow();
        TakingBack.Plan plan = store.writer().takingBack().plan(connection, store.current(), revision);
        long undoneBy = plan.back().isEmpty()
                ? revision
                : store.tables().write(connection, plan.back(), proposal.by() + " (taken back)");
        int parked = StrayEvents.park(connection, plan.routesGone());
        String reason = "The change was taken back on every node, for not every node could put it in force:\n  "
                + objections
                + (plan.kept().isEmpty() ? "" : "\nNot all of it could be:\n  " + String.join("\n  ", plan.kept()))
                + (parked == 0 ? "" : "\nEvents that are parked, for their route is gone again: " + parked);
        LOG.error("Revision {}, a change by {}: {}", revision, proposal.by(), reason);
        return Move.undone(undoneBy, reason);
    }

    /** Who said what; only the live boots of nodes count. */
    private record Poll(String objections, List<String> silent, boolean empty) {}

    private static Poll poll(Connection connection, Proposal proposal, Phase phase) throws SQLException {
        List<NodeRevisions.Live> live = NodeRevisions.live(connection);
        List<Vote> votes = Proposals.votes(connection, proposal.id()).stream()
                .filter(vote -> vote.phase() == phase)
                .toList();
        String objections = votes.stream()
                .filter(vote -> !vote.reason().isEmpty())
                .map(vote -> vote.node() + ": " + vote.reason())
                .sorted()
                .collect(joining("\n  "));
        List<String> silent = live.stream()
                .filter(node -> votes.stream()
                        .noneMatch(vote -> vote.node().equals(node.node()) && vote.epoch() == node.epoch()))
                .map(NodeRevisions.Live::node)
                .toList();
        return new Poll(objections, silent, live.isEmpty());
    }
}
