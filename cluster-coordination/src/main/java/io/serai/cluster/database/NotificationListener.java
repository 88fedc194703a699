package io.serai.cluster.database;

/**
 * What happens on a channel. Both methods are called by one thread of the listener and should hand over quickly;
 * notifications are hints that may be lost, so the tables stay the truth.
 */
public interface NotificationListener {
    /** The connection listens now, at first or again: whatever was missed before can be read from the tables. */
    void listening();

    /** A notification came. */
    void notified(String payload);
}
