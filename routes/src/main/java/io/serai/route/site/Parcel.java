package io.serai.route.site;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.config.object.Site;
import io.serai.route.site.connection.RemotePath;

/**
 * One delivery as a route's step wants it.
 *
 * @param folder the folder at the site, as {@link RemotePath#folder} gives it
 * @param name the file's final name
 */
record Parcel(
        ClaimedEvent event,
        String stepKey,
        Site site,
        String folder,
        String name,
        TemporaryName temporaryName,
        IfExists ifExists,
        DeliveredBody body) {

    String finalPath() {
        return RemotePath.in(folder, name);
    }
}
