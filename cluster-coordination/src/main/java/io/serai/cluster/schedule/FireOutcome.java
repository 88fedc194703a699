package io.serai.cluster.schedule;

import java.util.Locale;

/** What came of a fire when it was decided; how its event ended is the event's own story. */
public enum FireOutcome {
    /** An event was queued. */
    QUEUED,
    /** Left out: the event of the former fire was alive. */
    OVERLAPPED,
    /** Left out: nobody was there in time, and the schedule does not make up for it. */
    MISSED;

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
