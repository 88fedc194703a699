package io.serai.cluster.transaction;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.transaction.xa.XAException;
import javax.transaction.xa.Xid;

/** A resource of route authors that takes part in transactions, as recovery sees it. Safe for use by many threads. */
public interface Participant {
    /** Its name in routes; unique. */
    String name();

    /** Its name and its address, by which decisions know it: under the same name may come another database or broker. */
    default String identity() {
        return name();
    }

    /**
     * Refuses a transaction with several resources where this one cannot be prepared.
     *
     * @throws io.serai.config.error.SeraiException {@code INVALID}, with the mend
     */
    void requirePreparation();

    /** Opens a connection of its own, for recovery. */
    Scan scan() throws Exception;

    /** One look at what is prepared there. For one thread. */
    interface Scan extends AutoCloseable {
        /** The branches that are prepared, of whomsoever. */
        List<Branch> prepared() throws Exception;

        void commit(Xid branch) throws XAException;

        void rollback(Xid branch) throws XAException;

        @Override
        void close();
    }

    /** A prepared branch, and since when, where the resource says so. */
    record Branch(Xid xid, Optional<Instant> since) {}
}
