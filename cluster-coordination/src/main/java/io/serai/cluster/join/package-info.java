/**
 * How a node gets the cluster's secret keys: by an invitation when it is new, by following rotations afterwards. Start
 * reading at {@link io.serai.cluster.join.ClusterKeys}; the token of an invitation is {@link
 * io.serai.cluster.join.JoinToken}.
 *
 * <pre>
 *   invite:  secret = 256 random bits, in the token alone
 *            invitation row = id, expiry, keys encrypted under HKDF(secret, cluster's id)
 *   join:    row read and locked, keys opened and written to the home, row marked as used and its keys removed
 *   rotate:  new keys encrypted under the old ones = row of key_rotation; every node opens it when it meets a secret
 *            under a key that it does not have, and at its start
 * </pre>
 */
@NullMarked
package io.serai.cluster.join;

import org.jspecify.annotations.NullMarked;
