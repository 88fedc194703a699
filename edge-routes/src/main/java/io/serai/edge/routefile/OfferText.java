package io.serai.edge.routefile;

import io.serai.edge.message.EdgeMessages.Offer;
import io.serai.edge.message.RouteFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What a zone says of a listener, as the route file that an engineer would write for it. It is this text that the edge
 * loads, so that what operators are shown is what runs.
 */
public final class OfferText {
    /** Stands for the host keys that the servers gave, in memory. */
    public static final String HOST_KEYS = "#bean:edgeHostKeys";

    /** Stands for the certificate and key that the servers gave, in memory. */
    public static final String TLS = "#bean:edgeTls";

    public static final String RELAY = "relay:internal";

    /** What servers may say of who may connect. */
    private static final Set<String> ADMISSION = Set.of("allow", "deny");

    /** What servers may say of a listener. One that an older edge does not know must not be left out in silence. */
    private static final Set<String> OPTIONS = Set.of(
            "bindAddress",
            "port",
            "proxyProtocolFrom",
            "maxSessions",
            "maxConnections",
            "tls",
            "passivePorts",
            "passiveAddress");

    private static final String OPENS = "${header.CamelSeraiOperation} == 'OpenSession'";
    private static final String LOGS_IN = "${header.CamelSeraiOperation} == 'LoginByPassword'"
            + " || ${header.CamelSeraiOperation} == 'LoginByPublicKey'";

    /** What servers say of a listener that passes connections through. */
    private static final String PASS_THROUGH = "mode=tcp";

    /** What means itself in YAML; what it may be is looked at with the whole file. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._:,/ -]*");

    /** How often something may happen, and what that is. */
    private enum Rate {
        CONNECTIONS("connectionRate", OPENS, false, "new connections, of HTTPS logins, from all addresses together"),
        CONNECTIONS_PER_ADDRESS("connectionRatePerAddress", OPENS, true, "the same from one address"),
        LOGINS("loginRate", LOGS_IN, false, "tries to log in, from all addresses together");

        private final String option;
        private final String when;
        private final boolean perAddress;
        private final String remark;

        Rate(String option, String when, boolean perAddress, String remark) {
            this.option = option;
            this.when = when;
            this.perAddress = perAddress;
            this.remark = remark;
        }
    }

    private final Offer offer;
    private final Map<String, String> from = new TreeMap<>();
    private final Map<String, String> admission = new TreeMap<>();
    private final Map<String, String> rates = new TreeMap<>();

    private OfferText(Offer offer) {
        this.offer = offer;
    }

    /** The name of the file of a listener. */
    public static String fileName(Offer offer) {
        return offer.name() + ".yaml";
    }

    /** @throws IllegalArgumentException when this release does not understand the offer */
    public static String of(Offer offer) {
        OfferText text = new OfferText(offer);
        text.sort();
        String written = text.write();
        List<String> wrong = RouteFileCheck.problems(fileName(offer), written);
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", wrong));
        }
        return written;
    }

    private void sort() {
        if (!RouteFiles.isName(fileName(offer))) {
            throw new IllegalArgumentException("its name cannot be");
        }
        Set<String> known = rateNames();
        for (String option : offer.options()) {
            if (option.equals(PASS_THROUGH)) {
                continue;
            }
            int equals = option.indexOf('=');
            String name = equals < 0 ? option : option.substring(0, equals);
            String value = option.substring(equals + 1);
            if (!PLAIN.matcher(value).matches()) {
                throw new IllegalArgumentException("its option " + name + " cannot be \"" + value + "\"");
            } else if (ADMISSION.contains(name)) {
                admission.put(name, value);
            } else if (known.contains(name) && value.matches("\\d{1,9}/[sm]")) {
                rates.put(name, value);
            } else if (OPTIONS.contains(name)) {
                from.put(name, value);
            } else {
                throw new IllegalArgumentException(
                        "this edge does not know the option " + name + "; give it the servers' release");
            }
        }
    }

    private static Set<String> rateNames() {
        return java.util.Arrays.stream(Rate.values())
                .map(rate -> rate.option)
                .collect(java.util.stream.Collectors.toUnmodifiableSet());
    }

    private boolean passesThrough() {
        return offer.options().contains(PASS_THROUGH);
    }

    private String beginning() {
        return passesThrough() ? passing() : scheme() + ":" + offer.name();
    }

    /** It shows partners nothing of its own. */
    private String passing() {
        if (!offer.protocol().equals("sftp") && !offer.protocol().equals("https")) {
            throw new IllegalArgumentException("this edge cannot pass " + offer.protocol() + " through");
        }
        from.put("mode", "tcp");
        from.put("listener", offer.name());
        from.put("protocol", offer.protocol());
        return RELAY;
    }

    private String scheme() {
        return switch (offer.protocol()) {
            case "sftp" -> {
                from.put("hostKeySet", HOST_KEYS);
                yield "sftp-server";
            }
            case "ftps" -> {
                from.put("tlsIdentity", TLS);
                yield "ftp-server";
            }
            case "https" -> {
                from.put("tlsIdentity", TLS);
                yield "http-server";
            }
            default ->
                throw new IllegalArgumentException(
                        "this edge does not know the protocol " + offer.protocol() + "; give it the servers' release");
        };
    }

    private String write() {
        List<String> lines = new ArrayList<>(List.of(
                "# The listener " + offer.name() + ", as its zone says.",
                "- route:",
                "    id: " + offer.name(),
                "    errorHandler:",
                "      noErrorHandler: {}",
                "    from:",
                "      uri: " + beginning(),
                "      parameters:"));
        from.forEach((name, value) -> lines.add("        " + name + ": \"" + value + "\""));
        lines.add("      steps:");
        if (!admission.isEmpty() || passesThrough()) {
            lines.addAll(List.of("        - to:", "            uri: admit:" + offer.name()));
        }
        if (!admission.isEmpty()) {
            lines.add("            parameters:");
            admission.forEach((name, value) -> lines.add("              " + name + ": \"" + value + "\""));
        }
        for (Rate rate : Rate.values()) {
            String said = rates.get(rate.option);
            if (said != null) {
                addRate(lines, rate, said);
            }
        }
        if (!passesThrough()) {
            lines.add("        - to: " + RELAY);
        }
        return String.join("\n", lines) + "\n";
    }

    private static void addRate(List<String> lines, Rate rate, String said) {
        int slash = said.indexOf('/');
        lines.addAll(List.of(
                "        - filter:",
                "            simple: \"" + rate.when + "\"",
                "            steps:",
                "              - throttle:                 # " + rate.remark,
                "                  constant: \"" + said.substring(0, slash) + "\"",
                "                  timePeriodMillis: \"" + (said.endsWith("/s") ? 1_000 : 60_000) + "\""));
        if (rate.perAddress) {
            lines.addAll(List.of(
                    "                  correlationExpression:", "                    header: CamelSeraiClientAddress"));
        }
        lines.add("                  rejectExecution: true");
    }
}
