/**
 * What listeners show to partners, the same on every node: host keys and the certificate, kept in the database as secrets of
 * the cluster. Start reading at {@link io.serai.server.identity.SharedIdentities}.
 */
@NullMarked
package io.serai.server.identity;

import org.jspecify.annotations.NullMarked;
