package io.serai.server.edge;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a round could not do that may go at the next one; each is logged once until a round did everything. Thread-safe. */
final class Undone {
    private static final Logger LOG = LoggerFactory.getLogger(Undone.class);

    private final Set<String> told = ConcurrentHashMap.newKeySet();
    private volatile boolean left;

    void begin() {
        left = false;
    }

    void failed(String what, RuntimeException why) {
        left = true;
        if (told.add(what)) {
            LOG.error("{}; it is tried again", what, why);
        }
    }

    void end() {
        if (!left) {
            told.clear();
        }
    }

    /** Whether another round is wanted. */
    boolean isLeft() {
        return left;
    }
}
