package io.serai.server.admin;

/** Who calls the admin API: the token's name, for the history of changes, and its role. */
public record Caller(String name, Role role) {}
