/**
 * Bearer tokens of the admin API in the shared database, valid on every node. Start reading at {@link
 * io.serai.cluster.token.AdminTokens}.
 */
@NullMarked
package io.serai.cluster.token;

import org.jspecify.annotations.NullMarked;
