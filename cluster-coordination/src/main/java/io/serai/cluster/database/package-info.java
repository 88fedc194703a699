/**
 * The shared PostgreSQL: the embedded server, the connection pool, transactions, notifications and the migrations of
 * the schema. Start reading at {@link io.serai.cluster.database.Database}; the embedded server begins at
 * {@link io.serai.cluster.database.EmbeddedPostgres}.
 */
@NullMarked
package io.serai.cluster.database;

import org.jspecify.annotations.NullMarked;
