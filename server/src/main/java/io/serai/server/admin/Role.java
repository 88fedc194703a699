package io.serai.server.admin;

/** What the bearer of an admin token may do; each role includes those before it. */
public enum Role {
    /** Sees everything but secrets. */
    VIEWER,
    /** Resubmits, cancels, ends sessions, drains. */
    OPERATOR,
    /** Changes configuration objects and tokens. */
    ADMIN;

    boolean includes(Role other) {
        return compareTo(other) >= 0;
    }
}
