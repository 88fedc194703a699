package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.node.TakeoverStep;
import io.serai.cluster.node.Takeovers;

/** Returns the claims of a dead boot to the queue. */
final class EventTakeover implements TakeoverStep {
    private final Database database;
    private final EventQueue queue;

    EventTakeover(Database database, EventQueue queue) {
        this.database = database;
        this.queue = queue;
    }

    @Override
    public String subject() {
        return "events";
    }

    @Override
    public int takeOver(DeadBoot dead) {
        return database.transaction(connection -> {
            Takeovers.noteEvents(connection, dead);
            return queue.releaseEpoch(connection, dead.epoch());
        });
    }
}
