package io.serai.edge.routefile;

import io.serai.config.yaml.Suggestion;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The endpoints that an edge's route may begin with or go to, and their options, with what each may be. Camel decodes and
 * joins options before it reads them, takes names in any case and makes objects of some values; so only what is listed
 * here gets to it, and no value that can mean anything but itself.
 */
final class EndpointOptions {
    /** What can be the value of an option. */
    private enum Kind {
        NUMBER("a number", "\\d{1,9}"),
        PORT("a port", "\\d{1,5}"),
        PORTS("ports, such as 50000-50999", "\\d{1,5}(-\\d{1,5})?"),
        ADDRESS("an IP address", "[0-9A-Fa-f:.]{2,45}"),
        NETWORKS("networks or addresses, separated by commas", "[0-9A-Fa-f:./, ]{2,65000}"),
        NAME("a name", "[A-Za-z0-9._-]{1,64}"),
        HOSTS("host names, separated by commas", "[A-Za-z0-9.:, -]{1,1000}"),
        /** Made when it is not there: a file that came from another edge must not have keys made anywhere on this one. */
        PATH(
                "a path below the folder that the edge is started in, such as keys/sftp",
                "(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9._-]{1,100}(/[A-Za-z0-9._-]{1,100}){0,10}"),
        HOST_KEYS("\"" + OfferText.HOST_KEYS + "\"", Pattern.quote(OfferText.HOST_KEYS)),
        IDENTITY("\"" + OfferText.TLS + "\"", Pattern.quote(OfferText.TLS)),
        FTP_TLS("EXPLICIT or IMPLICIT", "EXPLICIT|IMPLICIT"),
        HTTP_TLS("REQUIRED", "REQUIRED"),
        TCP("tcp", "tcp|TCP"),
        PASSED("sftp or https", "sftp|SFTP|https|HTTPS");

        private final String expected;
        private final Pattern pattern;

        Kind(String expected, String pattern) {
            this.expected = expected;
            this.pattern = Pattern.compile(pattern);
        }
    }

    private static final Map<String, Kind> LISTENER =
            Map.of("bindAddress", Kind.ADDRESS, "port", Kind.PORT, "proxyProtocolFrom", Kind.NETWORKS);
    private static final Map<String, Kind> SHOWN = Map.of(
            "certificate", Kind.PATH,
            "privateKey", Kind.PATH,
            "tlsIdentity", Kind.IDENTITY,
            "hostNames", Kind.HOSTS,
            "maxConnections", Kind.NUMBER);

    /** By the word before the colon. */
    private static final Map<String, Map<String, Kind>> BEGINNINGS = Map.of(
            "sftp-server",
            with(
                    LISTENER,
                    Map.of(
                            "hostKeys", Kind.PATH,
                            "hostKeySet", Kind.HOST_KEYS,
                            "maxSessions", Kind.NUMBER,
                            "maxUnauthenticated", Kind.NUMBER)),
            "ftp-server",
            with(
                    LISTENER,
                    SHOWN,
                    Map.of(
                            "tls", Kind.FTP_TLS,
                            "passivePorts", Kind.PORTS,
                            "passiveAddress", Kind.ADDRESS,
                            "maxTransfers", Kind.NUMBER)),
            "http-server",
            with(LISTENER, SHOWN, Map.of("tls", Kind.HTTP_TLS, "maxRequests", Kind.NUMBER, "maxSessions", Kind.NUMBER)),
            "relay",
            with(
                    LISTENER,
                    Map.of(
                            "mode", Kind.TCP,
                            "listener", Kind.NAME,
                            "protocol", Kind.PASSED,
                            "maxConnections", Kind.NUMBER)));

    private static final Map<String, Map<String, Kind>> STEPS =
            Map.of("admit", Map.of("allow", Kind.NETWORKS, "deny", Kind.NETWORKS), "relay", Map.of());

    /** An endpoint's name means itself, too. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private EndpointOptions() {}

    @SafeVarargs
    private static Map<String, Kind> with(Map<String, Kind>... parts) {
        Map<String, Kind> all = new HashMap<>();
        Arrays.stream(parts).forEach(all::putAll);
        return Map.copyOf(all);
    }

    private static Map<String, Map<String, Kind>> schemes(String under) {
        return under.equals("from") ? BEGINNINGS : STEPS;
    }

    private static String scheme(String uri) {
        int colon = uri.indexOf(':');
        return colon < 0 ? uri : uri.substring(0, colon);
    }

    /**
     * What is wrong with an endpoint's address.
     *
     * @param under {@code from} or {@code to}
     */
    static Optional<String> uriProblem(String under, String uri) {
        if (uri.indexOf('?') >= 0) {
            return Optional.of("write options below \"parameters:\", found " + uri);
        }
        String scheme = scheme(uri);
        boolean relays = scheme.equals("relay");
        if (uri.equals(OfferText.RELAY)) {
            return Optional.empty();
        }
        if (relays && under.equals("to")) {
            return Optional.of("an edge's route ends with " + OfferText.RELAY + ", found " + uri);
        }
        if (relays || !schemes(under).containsKey(scheme)) {
            return Optional.of(
                    under.equals("from")
                            ? "a route of an edge begins with sftp-server:, ftp-server: or http-server:, or with "
                                    + OfferText.RELAY + " to pass connections through, found " + uri
                            : "a step of an edge can go to admit: and " + OfferText.RELAY + " only, found " + uri);
        }
        boolean named = uri.length() > scheme.length()
                && NAME.matcher(uri.substring(scheme.length() + 1)).matches();
        return named
                ? Optional.empty()
                : Optional.of("expected " + scheme + ": and a name of letters, digits, '.', '_' and '-', found " + uri);
    }

    /** What is wrong with the name of an option of the endpoint at an address that is right. */
    static Optional<String> nameProblem(String under, String uri, String option) {
        Map<String, Kind> known = schemes(under).getOrDefault(scheme(uri), Map.of());
        if (known.containsKey(option)) {
            return Optional.empty();
        }
        String who = under.equals("from") ? "the listener" : scheme(uri) + ":";
        return Optional.of(who + " has no such option at an edge: " + option
                + Suggestion.nearest(option, known.keySet())
                        .map(near -> "; did you mean \"" + near + "\"?")
                        .orElse(""));
    }

    /** What is wrong with the value of an option that the endpoint has. */
    static Optional<String> valueProblem(String under, String uri, String option, String value) {
        Kind kind = schemes(under).getOrDefault(scheme(uri), Map.of()).get(option);
        return kind != null && kind.pattern.matcher(value).matches()
                ? Optional.empty()
                : Optional.of("expected " + (kind == null ? "no such option" : kind.expected));
    }
}
