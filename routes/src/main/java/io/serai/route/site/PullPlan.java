package io.serai.route.site;

import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.camel.util.AntPathMatcher;

/**
 * What a route fetches from a site.
 *
 * @param path the folder, taken from the site's own
 * @param include names must match one of these Ant patterns; all do when there are none
 * @param moveTo the folder that fetched files are moved to, taken from the site's own
 * @param stable how long a file must not have changed before it is fetched
 * @param mostFiles how many files one pull fetches at most; the next one goes on
 */
record PullPlan(
        RouteId route,
        SiteName site,
        String path,
        List<String> include,
        List<String> exclude,
        AfterPull afterwards,
        String moveTo,
        Duration stable,
        int mostFiles) {

    /** Whether a file of that name is wished for. */
    boolean wants(String name) {
        AntPathMatcher patterns = AntPathMatcher.INSTANCE;
        boolean included = include.isEmpty() || include.stream().anyMatch(pattern -> patterns.match(pattern, name));
        return included && exclude.stream().noneMatch(pattern -> patterns.match(pattern, name));
    }

    /** Comma-separated patterns. */
    static List<String> patterns(String text) {
        return Pattern.compile(",")
                .splitAsStream(text)
                .map(String::strip)
                .filter(pattern -> !pattern.isEmpty())
                .toList();
    }
}
