/**
 * Identifiers as types: names of accounts, sites, routes and nodes, and {@link io.serai.config.name.VirtualPath}, the one
 * normaliser of paths that a partner sends.
 */
@NullMarked
package io.serai.config.name;

import org.jspecify.annotations.NullMarked;
