/**
 * Secrets: text that never prints itself, encryption at rest under a key outside the database, password hashes. Start
 * reading at {@link io.serai.config.secret.SecretText}.
 */
@NullMarked
package io.serai.config.secret;

import org.jspecify.annotations.NullMarked;
