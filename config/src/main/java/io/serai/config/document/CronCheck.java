package io.serai.config.document;

import java.util.Optional;

/** Checks a cron expression; implemented by whoever has the scheduler at hand. */
@FunctionalInterface
public interface CronCheck {
    /** Leaves the expressions for the server to check. */
    CronCheck NONE = expression -> Optional.empty();

    /** What is wrong with the expression and how to mend it; empty when it is right. */
    Optional<String> problem(String expression);
}
