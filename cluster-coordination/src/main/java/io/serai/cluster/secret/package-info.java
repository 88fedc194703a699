/**
 * Secrets that the nodes of a cluster share: host keys, certificates, keys; in the database, encrypted under the key that
 * is not there. Start reading at {@link io.serai.cluster.secret.SharedSecrets}.
 */
@NullMarked
package io.serai.cluster.secret;

import org.jspecify.annotations.NullMarked;
