package io.serai.server.node;

import io.serai.config.object.Site;
import io.serai.route.site.connection.Presented;
import io.serai.route.site.connection.SiteInspection;
import io.serai.server.admin.SitesApi;
import java.util.List;

/** Looks at sites for the admin API. */
record SiteLooks(SiteInspection inspection) implements SitesApi.Look {
    @Override
    public List<SitesApi.Identity> probe(Site site) {
        Presented presented = inspection.presented(site);
        return List.of(new SitesApi.Identity(presented.kind(), presented.fingerprint(), presented.trustLine()));
    }

    @Override
    public String test(Site site) {
        return inspection.test(site);
    }
}
