package io.serai.route.site.connection;

import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.route.site.outbound.OutboundPaths;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.CamelContext;

/** What operators ask about a site: who it says it is ({@code serai site trust}), whether it works ({@code test}). */
public final class SiteInspection implements AutoCloseable {
    private static final int MOST_ENTRIES = 1000;

    private final CamelContext camel;
    private final OutboundPaths paths;
    private final LineWatch watch = new LineWatch();

    public SiteInspection(CamelContext camel) {
        this(camel, OutboundPaths.of(camel));
    }

    /** @param paths by which ways the connections to each site leave */
    public SiteInspection(CamelContext camel, OutboundPaths paths) {
        this.camel = camel;
        this.paths = paths;
    }

    /** The host key or certificate that the site presents now; nothing is trusted by this and nobody logs in. */
    public Presented presented(Site site) {
        Line line = new Line(site, paths.of(site));
        try (LineWatch.Watch watched = watch.watch(line, site.timeout())) {
            return new IdentityProbe(camel).read(site, line);
        }
    }

    /**
     * Connects, logs in and lists the site's folder (HTTPS: asks for it).
     *
     * @return one sentence for the operator
     * @throws io.serai.config.error.SeraiException with what failed and how to mend it
     */
    public String test(Site site) {
        Line line = new Line(site, paths.of(site));
        try (LineWatch.Watch watched = watch.watch(line, site.timeout());
                Reusable connection = SiteConnections.open(camel, site, line)) {
            if (site.protocol() == Protocol.HTTPS) {
                HttpsConnection https = (HttpsConnection) connection;
                int status =
                        https.request("HEAD", site.folder(), Map.of(), null).status();
                if (status == 401) {
                    throw https.failures().loginRefused("401");
                }
                return where(site, connection) + " is trusted and answers HEAD with " + status;
            }
            AtomicInteger count = new AtomicInteger();
            ((SiteConnection) connection)
                    .list(RemotePath.folder(site.folder(), ""), entry -> count.incrementAndGet() < MOST_ENTRIES);
            String folder = site.folder().isEmpty() || site.folder().equals("/") ? "the login folder" : site.folder();
            return where(site, connection) + " is trusted and takes the login; " + folder + " has "
                    + (count.get() < MOST_ENTRIES ? count.get() : "at least " + MOST_ENTRIES) + " entries";
        }
    }

    /** Asked when something was answered: an HTTPS connection is made first by its first request. */
    private static String where(Site site, Reusable connection) {
        return site.name() + " (" + connection.line().target() + ")";
    }

    @Override
    public void close() {
        watch.close();
    }
}
