package io.serai.route.monitor;

import io.serai.config.name.RouteId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.camel.util.AntPathMatcher;

/**
 * What a route takes from its folder.
 *
 * @param folder absolute
 * @param depth how many levels of folders below it are looked into
 * @param include paths below the folder must match one of these Ant patterns; all do when there are none
 * @param moveTo absolute; meant with {@link Afterwards#MOVE}
 * @param stable how long size and time must not have changed before a file is taken
 * @param every how often the folder is looked through
 */
record MonitorPlan(
        RouteId route,
        Path folder,
        int depth,
        List<String> include,
        List<String> exclude,
        Afterwards afterwards,
        Path moveTo,
        Duration stable,
        Duration every) {
    /** Whether a file is wished for. */
    boolean wants(String path) {
        AntPathMatcher patterns = AntPathMatcher.INSTANCE;
        boolean included = include.isEmpty() || include.stream().anyMatch(pattern -> patterns.match(pattern, path));
        return included && exclude.stream().noneMatch(pattern -> patterns.match(pattern, path));
    }

    /** What was moved away is not looked at again. */
    boolean enters(String path) {
        return afterwards != Afterwards.MOVE || !folder.resolve(path).equals(moveTo);
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
