package io.serai.cluster.cache;

import io.serai.cluster.object.JdbcObjectStore;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.infinispan.Cache;
import org.infinispan.context.Flag;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryCreated;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryModified;
import org.infinispan.notifications.cachelistener.event.CacheEntryEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the number of the newest revision between nodes. A node that hears of a higher one than it has looks at the
 * database at once; what it takes over is what the database says, never what the message says.
 */
@Listener(primaryOnly = false, observation = Listener.Observation.POST)
public final class RevisionHints {
    private static final Logger LOG = LoggerFactory.getLogger(RevisionHints.class);
    private static final String NEWEST = "newest";

    private final Cache<String, Long> revisions;
    private final JdbcObjectStore store;
    /** While members are missed a cache may stand still for seconds; a change must not. The newest hint is enough. */
    private final ExecutorService teller = new ThreadPoolExecutor(
            0,
            1,
            10,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(1),
            task -> {
                Thread thread = new Thread(task, "cache-hints");
                thread.setDaemon(true);
                return thread;
            },
            new ThreadPoolExecutor.DiscardOldestPolicy());

    RevisionHints(Cache<String, Long> revisions, JdbcObjectStore store) {
        this.revisions = revisions;
        this.store = store;
        revisions.addListener(this);
        store.onRevision(revision -> teller.execute(() -> tell(revision)));
    }

    private void tell(long revision) {
        try {
            Long known = revisions.get(NEWEST);
            if (known == null || known < revision) {
                var unused = revisions
                        .getAdvancedCache()
                        .withFlags(Flag.IGNORE_RETURN_VALUES, Flag.FAIL_SILENTLY)
                        .putAsync(NEWEST, revision);
            }
        } catch (RuntimeException e) { // a hint that is lost costs a third of a second
            LOG.debug("The other nodes were not told of revision {}", revision, e);
        }
    }

    void close() {
        teller.shutdownNow();
    }

    /** Infinispan calls this when any node told of a revision. */
    @CacheEntryCreated
    @CacheEntryModified
    public void heard(CacheEntryEvent<String, Long> event) {
        Long revision = event.getValue();
        if (revision != null && revision > store.revision()) {
            store.lookSoon();
        }
    }
}
