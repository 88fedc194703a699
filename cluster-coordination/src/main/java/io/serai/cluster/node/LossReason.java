package io.serai.cluster.node;

import java.util.Locale;

/** Why a node lost its lease, as far as it can tell itself; the words of the takeover's record. */
public enum LossReason {
    FROZEN("the process stood still"),
    CUT_OFF("it was not renewed in time, for the database was not reached or did not answer"),
    WITHOUT_STORAGE("the storage root cannot be used"),
    STOPPED("it was told to stop");

    private final String description;

    LossReason(String description) {
        this.description = description;
    }

    String description() {
        return description;
    }

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
