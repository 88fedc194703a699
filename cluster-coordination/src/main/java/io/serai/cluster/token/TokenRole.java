package io.serai.cluster.token;

/** What the bearer of an admin token may do; the word in tables and REST is the name in lower case. */
public enum TokenRole {
    VIEWER,
    OPERATOR,
    ADMIN
}
