package io.serai.cluster.pull;

/** Whether a fetched file's wished end at the site (delete, move) is still to be done. */
public enum Afterwards {
    NOTHING,
    OWED
}
