package io.serai.route.arrival;

import io.serai.config.name.AccountName;
import io.serai.config.name.RouteId;
import io.serai.config.name.VirtualPath;
import java.util.List;
import java.util.Optional;
import org.apache.camel.util.AntPathMatcher;

/**
 * An account's folder, bound to a route.
 *
 * @param account empty for every account
 * @param include Ant patterns, one of which must match; empty for every file. A pattern without a slash is for the name
 *     of the file, one with a slash for its path below the folder; case counts
 * @param exclude Ant patterns, none of which may match
 * @param recursive whether files in folders below arrive too
 * @param priority of the events, 0 to 9
 */
public record ArrivalSubscription(
        RouteId route,
        Optional<AccountName> account,
        VirtualPath folder,
        List<String> include,
        List<String> exclude,
        boolean recursive,
        int priority) {
    public ArrivalSubscription {
        include = List.copyOf(include);
        exclude = List.copyOf(exclude);
    }

    /** Whether a file of that account and path arrives at the route. */
    public boolean matches(AccountName owner, VirtualPath path) {
        if (account.isPresent() && !account.get().equals(owner)) {
            return false;
        }
        if (path.isRoot() || !path.parent().isWithin(folder)) {
            return false;
        }
        if (!recursive && !path.parent().equals(folder)) {
            return false;
        }
        List<String> below = path.segments()
                .subList(folder.segments().size(), path.segments().size());
        String relative = String.join("/", below);
        return (include.isEmpty() || anyMatch(include, path.name(), relative))
                && !anyMatch(exclude, path.name(), relative);
    }

    private static boolean anyMatch(List<String> patterns, String name, String relative) {
        return patterns.stream()
                .anyMatch(pattern ->
                        AntPathMatcher.INSTANCE.match(pattern, pattern.indexOf('/') < 0 ? name : relative, true));
    }
}
