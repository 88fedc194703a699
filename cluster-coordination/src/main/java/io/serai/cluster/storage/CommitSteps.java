package io.serai.cluster.storage;

/** Is told how far a commit came; tests end the process there. */
@FunctionalInterface
interface CommitSteps {
    CommitSteps UNWATCHED = step -> {};

    void reached(Step step);

    /** What has just been done. */
    enum Step {
        OPENED,
        SYNCED,
        LINKED,
        RECORDING,
        RECORDED,
        PUBLISHED
    }
}
