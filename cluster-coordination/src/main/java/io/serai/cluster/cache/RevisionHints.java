package io.serai.cluster.cache;

import io.serai.cluster.object.JdbcObjectStore;
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

    RevisionHints(Cache<String, Long> revisions, JdbcObjectStore store) {
        this.revisions = revisions;
        this.store = store;
        revisions.addListener(this);
        store.onRevision(this::tell);
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
