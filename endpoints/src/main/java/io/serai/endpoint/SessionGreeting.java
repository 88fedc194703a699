package io.serai.endpoint;

import java.time.Duration;
import java.util.Optional;

/**
 * What a new session is offered.
 *
 * @param maxTries logins that may fail before the endpoint disconnects
 * @param loginGrace the time in which a login must have succeeded
 */
public record SessionGreeting(Optional<String> banner, int maxTries, Duration loginGrace) {}
