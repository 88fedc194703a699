package io.serai.cluster.node;

/**
 * One part of doing a dead node's work: returning its claims to the queue, say. It may run more than once for the same
 * boot, also on two nodes at a time, and must then change nothing more. The process of the boot may still be alive
 * (frozen, or cut off from the database), so the step must rest on fencing alone.
 */
public interface TakeoverStep {
    /** For reports and logs: "event claims". */
    String subject();

    /** Takes over what the boot left and returns how many things that were. A failure is tried again later. */
    int takeOver(DeadBoot dead);
}
