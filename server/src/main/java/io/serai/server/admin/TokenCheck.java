package io.serai.server.admin;

import java.util.Optional;

/** Finds out whose a bearer token is; empty for everything that is not certainly a valid token. */
@FunctionalInterface
public interface TokenCheck {
    Optional<Caller> verify(String token);
}
