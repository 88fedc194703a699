package io.serai.cluster.pull;

import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;

/**
 * A file at a site as a listing showed it. Another size or time is another file: it is fetched again.
 *
 * @param path the path at the site, as data
 * @param modifiedMillis the time of the last change in milliseconds since 1970; 0 when the site does not tell
 */
public record RemoteFile(RouteId route, SiteName site, String path, long sizeBytes, long modifiedMillis) {}
