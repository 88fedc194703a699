package io.serai.config.error;

/** Whose fault an error is, and hence what happens next. Every {@link ErrorCode} has exactly one kind. */
public enum ErrorKind {
    /** The partner's input or rights: answer it, do not retry. In a transfer route: park at once. */
    PARTNER,
    /** A site or the network: retry by schedule, park when the attempts run out. */
    REMOTE,
    /** A resource of ours is full or down: retry without using up attempts, raise an alert. */
    RESOURCE,
    /** Another node owns it now: stop quietly, write nothing. */
    FENCED,
    /** What an operator or a route author configured is wrong: park at once with the mend, raise an alert. */
    SETUP,
    /** Our own bug: park, raise an alert. */
    DEFECT
}
