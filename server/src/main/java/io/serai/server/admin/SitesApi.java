package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.post;

import io.serai.cluster.object.ObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Trusting and testing sites over REST. */
public final class SitesApi {
    private static final Logger LOG = LoggerFactory.getLogger(SitesApi.class);

    private final ObjectStore objects;
    private final Look look;

    /** Connects to sites. */
    public interface Look {
        /** What the site presents now; nothing is sent that identifies us. */
        List<Identity> probe(Site site);

        /** Logs in and lists the site's folder; what was seen, for people. */
        String test(Site site);
    }

    /**
     * A key or certificate that a site presents.
     *
     * @param kind such as {@code ssh-ed25519} or {@code certificate}
     * @param fingerprint as people compare it
     * @param trustLine what is added to the site's trust
     */
    public record Identity(String kind, String fingerprint, String trustLine) {}

    private record Presented(String kind, String fingerprint, boolean trusted) {}

    public SitesApi(ObjectStore objects, Look look) {
        this.objects = objects;
        this.look = look;
    }

    public List<ApiOperation> operations() {
        return List.of(
                post("/api/v1/sites/{name}/probe", Role.OPERATOR, "What a site presents now", this::probe),
                post("/api/v1/sites/{name}/trust", Role.ADMIN, "Trust what a site presents now", this::trust)
                        .taking("fingerprint: text; refused when the site presents another one"),
                post("/api/v1/sites/{name}/test", Role.OPERATOR, "Log in to a site and list its folder", request -> {
                    return Map.of("result", look.test(site(request)));
                }));
    }

    private Object probe(ApiRequest request) {
        Site site = site(request);
        return Map.of(
                "identities",
                look.probe(site).stream()
                        .map(found -> new Presented(
                                found.kind(), found.fingerprint(), site.trust().contains(found.trustLine())))
                        .toList());
    }

    private Object trust(ApiRequest request) {
        Site site = site(request);
        String fingerprint = request.bodyText("fingerprint");
        Identity found = look.probe(site).stream()
                .filter(identity -> identity.fingerprint().equals(fingerprint))
                .findFirst()
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.SITE_UNTRUSTED,
                        "Site " + site.name() + " does not present " + fingerprint
                                + " now; look again with \"serai site trust " + site.name() + "\""));
        Set<String> trust = new LinkedHashSet<>(site.trust());
        trust.add(found.trustLine());
        objects.change(
                List.of(site.withTrust(List.copyOf(trust))),
                List.of(),
                request.caller().name());
        LOG.info("{} trusts {} {} of site {}", request.caller().name(), found.kind(), fingerprint, site.name());
        return Map.of("fingerprint", fingerprint);
    }

    private Site site(ApiRequest request) {
        String name = request.pathValue("name");
        return objects.find(Site.class, name)
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT, "There is no site \"" + name + "\" (serai get site)"));
    }
}
