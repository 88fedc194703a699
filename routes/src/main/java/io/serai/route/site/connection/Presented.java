package io.serai.route.site.connection;

/**
 * What a site presented to be known by.
 *
 * @param kind the key's algorithm or {@code certificate}
 * @param fingerprint for people to compare: {@code SHA256:…} of a host key, {@code sha256/…} of a certificate
 * @param trustLine the entry of the site's field {@code trust} that trusts it
 */
public record Presented(String kind, String fingerprint, String trustLine) {}
