package io.serai.cluster.lease;

import io.serai.cluster.node.FencingToken;
import io.serai.config.error.SeraiException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The leases of a cluster. At any moment of the database's clock a lease has at most one live holder; a lease ends when
 * it is released, when it was not renewed for its length, or when the node lease of its holder's boot ends, whichever is
 * first. Every acquisition gets a token larger than all before it.
 *
 * <p>Each call is one statement of its own. It fails with {@code DATABASE_DOWN} or {@code UNKNOWN_OUTCOME} when the
 * database does not answer; an acquisition of unknown outcome may be repeated by the same boot at once.
 */
public interface Leases extends AutoCloseable {
    /**
     * Takes a lease that is free, or that this boot holds already: then the former token ends.
     *
     * @return empty while another live boot holds it, or when the node's own lease has ended
     */
    Optional<LeaseToken> acquire(LeaseName name, FencingToken node);

    /** Prolongs leases of one boot by their length from now; those that could not be prolonged have ended. */
    Set<LeaseToken> renew(FencingToken node, Collection<LeaseToken> held);

    /** Ends a lease at once; nothing happens when it has ended already. */
    void release(LeaseToken token);

    /** Says which leases a boot would take from now on; what it said before is replaced. */
    void declare(FencingToken node, Collection<LeaseName> names);

    /** Candidates and holders as they are now. */
    Survey survey();

    /** All leases that were ever held and not forgotten, by name. */
    List<LeaseView> list();

    /** Drops the connection in use; a call that waits on it fails with {@link SeraiException}. */
    void abort();

    @Override
    void close();
}
