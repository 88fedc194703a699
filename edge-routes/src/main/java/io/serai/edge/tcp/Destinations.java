package io.serai.edge.tcp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where an edge lets servers connect to: nowhere but what a rule allows. A rule is {@code what:ports}; {@code what} is a
 * name ({@code sftp.bank.example}), all names below one ({@code *.bank.example}), {@code *}, an address or a range of
 * them ({@code 203.0.113.0/24}, {@code [2001:db8::/32]}); {@code ports} is {@code *} or a list such as {@code 22,30000-31000}.
 *
 * <p>Loopback, link-local, private, multicast and translated addresses are allowed only by a rule with a range that lies
 * within them: neither {@code *} nor {@code 0.0.0.0/0} nor a name that resolves to one of them does. The same holds for the
 * edge's own inner side, whatever addresses that has.
 */
public final class Destinations {
    private static final Pattern RULE = Pattern.compile("(\\[[^\\]]+\\]|[^:\\[\\]]+):([-0-9,*]+)");
    private static final Pattern PORTS = Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?");
    private static final String LABEL = "[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?";
    private static final Pattern LABELS = Pattern.compile(LABEL + "(\\." + LABEL + ")*");
    private static final Pattern NUMERIC_END = Pattern.compile("(.*\\.)?(0x[0-9a-f]*|[0-9]+)");
    private static final int NAME_CHARS = 253;
    private static final int LAST_PORT = 65_535;

    private record Ports(int first, int last) {}

    private record Rule(String name, Optional<AddressRange> range, List<Ports> ports) {
        boolean isOfPort(int port) {
            return ports.stream().anyMatch(some -> port >= some.first() && port <= some.last());
        }

        boolean isOfName(String asked) {
            return name.equals("*")
                    || name.equals(asked)
                    || (name.startsWith("*.") && asked.endsWith(name.substring(1)));
        }
    }

    private final List<Rule> rules;
    private final Supplier<List<String>> inner;

    private Destinations(List<Rule> rules, Supplier<List<String>> inner) {
        this.rules = List.copyOf(rules);
        this.inner = inner;
    }

    /** @throws SeraiException INVALID with the rule that cannot be read */
    public static Destinations of(List<String> rules) {
        return of(rules, List::of);
    }

    /** @param inner ranges that only a rule with a range within them allows; asked for each connection */
    public static Destinations of(List<String> rules, Supplier<List<String>> inner) {
        List<Rule> read = new ArrayList<>();
        rules.forEach(rule -> read.add(rule(rule)));
        return new Destinations(read, inner);
    }

    private static Rule rule(String text) {
        Matcher parts = RULE.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            throw invalid(text, "it is to be like 'sftp.bank.example:22' or '[2001:db8::/32]:22,990'");
        }
        String what = parts.group(1);
        List<Ports> ports = ports(text, parts.group(2));
        String bare = what.startsWith("[") ? what.substring(1, what.length() - 1) : what;
        Optional<AddressRange> range = AddressRange.parse(bare);
        if (range.isPresent()) {
            return new Rule("", range, ports);
        }
        String name = bare.startsWith("*.") ? bare.substring(2) : bare;
        if (what.startsWith("[") || !(bare.equals("*") || isName(name))) {
            throw invalid(text, "'" + bare + "' is neither a name nor a range of addresses");
        }
        return new Rule(bare, Optional.empty(), ports);
    }

    private static List<Ports> ports(String rule, String text) {
        if (text.equals("*")) {
            return List.of(new Ports(1, LAST_PORT));
        }
        List<Ports> found = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            Matcher numbers = PORTS.matcher(part);
            if (!numbers.matches()) {
                throw invalid(rule, "'" + part + "' is no port");
            }
            int first = Integer.parseInt(numbers.group(1));
            int last = numbers.group(2) == null ? first : Integer.parseInt(numbers.group(2));
            if (first < 1 || last < first || last > LAST_PORT) {
                throw invalid(rule, "'" + part + "' is no port");
            }
            found.add(new Ports(first, last));
        }
        return found;
    }

    private static SeraiException invalid(String rule, String why) {
        return new SeraiException(ErrorCode.INVALID, "The destination '" + rule + "' cannot be read: " + why);
    }

    /** The name in the one form that rules know; empty for what cannot be a name, such as a number in disguise. */
    static Optional<String> name(String text) {
        String name = text.toLowerCase(Locale.ROOT);
        String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        return isName(bare) ? Optional.of(bare) : Optional.empty();
    }

    private static boolean isName(String text) {
        return text.length() <= NAME_CHARS
                && LABELS.matcher(text).matches()
                && !NUMERIC_END.matcher(text).matches();
    }

    /** Whether this name is worth being resolved: without it an edge would ask the name servers whatever it is told to. */
    boolean mayPermit(String name, int port) {
        return rules.stream()
                .anyMatch(rule -> rule.isOfPort(port) && (rule.range().isPresent() || rule.isOfName(name)));
    }

    /**
     * Whether to connect there.
     *
     * @param name that was resolved to the address; empty when the address itself was asked for
     */
    boolean permits(Optional<String> name, InetAddress address, int port) {
        boolean special = AddressRange.isSpecial(address);
        List<AddressRange> own = inner.get().stream()
                .flatMap(range -> AddressRange.parse(range).stream())
                .filter(range -> range.contains(address))
                .toList();
        for (Rule rule : rules) {
            if (rule.isOfPort(port)) {
                Optional<AddressRange> range = rule.range();
                boolean allowed = range.isPresent()
                        ? range.get().contains(address)
                                && (!special || range.get().isMeantFor(address))
                                && own.stream().allMatch(side -> side.contains(range.get()))
                        : !special
                                && own.isEmpty()
                                && (name.isPresent()
                                        ? rule.isOfName(name.get())
                                        : rule.name().equals("*"));
                if (allowed) {
                    return true;
                }
            }
        }
        return false;
    }
}
