/**
 * Connections to sites, made by Camel's SFTP, FTPS and HTTP components, verified, watched and shared. Start reading at
 * {@link io.serai.route.site.connection.SiteConnection}, then {@link io.serai.route.site.connection.SiteConnections}.
 */
@NullMarked
package io.serai.route.site.connection;

import org.jspecify.annotations.NullMarked;
