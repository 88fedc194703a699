/**
 * Configuration objects in the database: versions, changes as a whole, secrets encrypted. Start reading at
 * {@link io.serai.cluster.object.ObjectStore}.
 */
@NullMarked
package io.serai.cluster.object;

import org.jspecify.annotations.NullMarked;
