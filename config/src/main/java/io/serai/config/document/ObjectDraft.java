package io.serai.config.document;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.SiteName;
import io.serai.config.object.Account;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.RouteResource;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretText;
import io.serai.config.yaml.Mark;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a document says. It is not yet the whole object: an account's password is in clear and must become a hash, and
 * fields may say "keep what is there". {@link #complete} makes the object of it.
 *
 * @param object the object without the account's password and without the kept fields
 * @param mark where the document begins
 * @param password an account's password in clear, if the document gives one
 * @param kept the fields that stay as they are stored: secrets given as {@code "********"}, and a site's trust or an
 *     edge's pins when the document says nothing about them
 */
public record ObjectDraft(ConfigObject object, Mark mark, Optional<SecretText> password, Set<String> kept) {
    static final String PASSWORD = "password";
    static final String PRIVATE_KEY = "privateKey";
    static final String PASSPHRASE = "privateKeyPassphrase";
    static final String BEARER_TOKEN = "bearerToken";
    static final String TRUST = "trust";
    static final String PROXY_PASSWORD = "proxyPassword";

    public ObjectDraft {
        kept = Set.copyOf(kept);
    }

    /** A draft that is the whole object. */
    static ObjectDraft whole(ConfigObject object, Mark mark) {
        return new ObjectDraft(object, mark, Optional.empty(), Set.of());
    }

    /**
     * The whole object. A password that fits the stored hash keeps that hash, so that applying the same document again
     * changes nothing. Trust is kept only while protocol, host and port stay as they are.
     *
     * @param stored the object of this kind and name that is in force now
     * @throws SeraiException with code INVALID when a secret is to be kept and there is none
     */
    public ConfigObject complete(Optional<? extends ConfigObject> stored, PasswordHasher hasher) {
        if (object instanceof Account account) {
            return complete(account, stored.map(Account.class::cast), hasher);
        }
        if (object instanceof Site site) {
            return complete(site, stored.map(Site.class::cast));
        }
        if (object instanceof Zone zone) {
            return complete(zone, stored.map(Zone.class::cast));
        }
        if (object instanceof RouteResource resource) {
            return complete(resource, stored.map(RouteResource.class::cast));
        }
        return object;
    }

    /** The name, among what is kept, of the keys by which an edge is known. */
    static String pins(EdgeName edge) {
        return "pins of " + edge;
    }

    private Zone complete(Zone zone, Optional<Zone> stored) {
        Zone whole = zone;
        for (Zone.Edge edge : zone.edges()) {
            if (kept.contains(pins(edge.name()))) {
                whole = whole.with(edge.withPins(stored.flatMap(before -> before.edge(edge.name()))
                        .map(Zone.Edge::pins)
                        .orElse(Set.of())));
            }
        }
        if (kept.contains(PROXY_PASSWORD)) {
            whole = whole.withProxyPassword(keep(
                    PROXY_PASSWORD,
                    stored.flatMap(before -> before.outbound().proxies()).flatMap(Zone.Proxies::password)));
        }
        return whole;
    }

    private RouteResource complete(RouteResource resource, Optional<RouteResource> stored) {
        return new RouteResource(
                resource.kind(),
                resource.name(),
                resource.description(),
                resource.url(),
                resource.user(),
                secret(PASSWORD, resource.password(), stored.flatMap(RouteResource::password)),
                resource.xa(),
                resource.connections(),
                resource.timeout());
    }

    private Account complete(Account account, Optional<Account> stored, PasswordHasher hasher) {
        Optional<PasswordHash> before = stored.flatMap(Account::password);
        Optional<PasswordHash> hash = account.password();
        if (kept.contains(PASSWORD)) {
            hash = keep(PASSWORD, before);
        } else if (password.isPresent()) {
            SecretText clear = password.get();
            hash = Optional.of(before.filter(known -> !hasher.needsRehash(known) && hasher.verify(clear, known))
                    .orElseGet(() -> hasher.hash(clear)));
        }
        return new Account(
                account.name(),
                account.description(),
                account.enabled(),
                hash,
                account.publicKeys(),
                account.permissions(),
                account.protocols(),
                account.folders(),
                account.allowFrom(),
                account.limits());
    }

    private Site complete(Site site, Optional<Site> stored) {
        return new Site(
                new SiteName(site.objectName()),
                site.description(),
                site.protocol(),
                site.host(),
                site.port(),
                site.folder(),
                site.user(),
                secret(PASSWORD, site.password(), stored.flatMap(Site::password)),
                secret(PRIVATE_KEY, site.privateKey(), stored.flatMap(Site::privateKey)),
                secret(PASSPHRASE, site.privateKeyPassphrase(), stored.flatMap(Site::privateKeyPassphrase)),
                secret(BEARER_TOKEN, site.bearerToken(), stored.flatMap(Site::bearerToken)),
                kept.contains(TRUST)
                        ? stored.filter(before -> isSameServer(before, site))
                                .map(Site::trust)
                                .orElse(List.of())
                        : site.trust(),
                site.tlsMode(),
                site.connectTimeout(),
                site.timeout(),
                site.maxParallel(),
                site.bandwidthBytes(),
                site.zone(),
                site.recovery());
    }

    private static boolean isSameServer(Site before, Site now) {
        return before.protocol() == now.protocol() && before.host().equals(now.host()) && before.port() == now.port();
    }

    private Optional<SecretText> secret(String field, Optional<SecretText> given, Optional<SecretText> before) {
        return kept.contains(field) ? keep(field, before) : given;
    }

    private <T> Optional<T> keep(String field, Optional<T> before) {
        if (before.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    mark + ": " + object.kind().word() + " " + object.objectName() + ": spec." + field + " is \""
                            + SecretFields.KEEP
                            + "\", which keeps the stored one, but there is none; give the secret, or"
                            + " env:NAME or file:PATH");
        }
        return before;
    }
}
