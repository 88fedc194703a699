package io.serai.edge.main;

import io.serai.config.error.SeraiException;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesOutcome;
import io.serai.edge.message.FileMessages.FilesState;
import io.serai.edge.message.FileMessages.FilesState.Takes;
import io.serai.edge.message.FileMessages.FilesVersion;
import io.serai.edge.message.RouteFiles;
import io.serai.edge.routefile.RouteFolder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The route files of an edge that has its own: which of them are in force, and how they and those of the other edges
 * become the same. A file that cannot be used is not in force, its former text is; as long as there is one, nothing leaves
 * the edge and nothing is overwritten. For one thread.
 */
final class OwnFiles {
    private static final Logger LOG = LoggerFactory.getLogger(OwnFiles.class);

    private static final int LOOKS_BETWEEN_TRIES = 10;

    private final RouteFolder folder;
    private final Takes takes;
    private final Supplier<Map<String, Object>> beans;
    private RouteFiles seen = RouteFiles.NONE;
    private RouteFiles good = RouteFiles.NONE;
    private List<String> broken = List.of();
    /** Whether what is broken is that the folder could not be read. */
    private boolean unread;

    private FilesVersion base;
    /** Why a version of the zone is not taken, and which. */
    private String refused = "";

    private FilesVersion refusedVersion = FilesVersion.NONE;
    /** Why the folder cannot be written, at the last try. */
    private String unwritten = "";

    private int looks;
    private String conflict = "";

    /** @param beans what route files can name */
    OwnFiles(RouteFolder folder, Takes takes, Supplier<Map<String, Object>> beans) {
        this.folder = folder;
        this.takes = takes;
        this.beans = beans;
        this.base = folder.base();
        if (takes == Takes.AT_ONCE || folder.isPending()) {
            tryToWrite();
        }
    }

    /** Whether the folder holds what it should and could take another version; goes on with what was interrupted. */
    private void tryToWrite() {
        String before = unwritten;
        try {
            if (folder.isPending()) {
                FilesVersion version = folder.base();
                folder.finish();
                LOG.info("The folder of route files holds version {} of the zone as a whole", version.number());
            } else {
                folder.requireWritable();
            }
            unwritten = "";
        } catch (SeraiException e) {
            unwritten = folder.isPending()
                    ? "version " + folder.base().number()
                            + " of the zone is in force as a whole, but is not in the folder: " + e.text()
                    : "no version of the zone can be taken: " + e.text();
        }
        if (!unwritten.equals(before) && !unwritten.isEmpty()) {
            LOG.error("{}; it is tried again", unwritten);
        }
    }

    /** Reads what is on the disk; true when something else is in force now. */
    boolean look() {
        if (!unwritten.isEmpty() && ++looks % LOOKS_BETWEEN_TRIES == 0) {
            tryToWrite();
        }
        RouteFiles now;
        try {
            now = folder.read();
        } catch (SeraiException e) {
            broken = List.of(e.text());
            unread = true;
            return false;
        }
        if (now.equals(seen) && broken.isEmpty()) {
            return false;
        }
        RouteFiles before = good;
        if (!now.equals(seen) || unread) {
            unread = false;
            check(now);
        }
        seen = now;
        return !good.equals(before);
    }

    private void check(RouteFiles now) {
        List<String> problems = new ArrayList<>();
        Map<String, String> usable = new TreeMap<>();
        now.texts().forEach((name, text) -> {
            String former = good.texts().get(name);
            List<String> wrong = text.equals(former) ? List.of() : RouteTrial.problems(name, text, beans.get());
            if (wrong.isEmpty()) {
                usable.put(name, text);
            } else {
                problems.addAll(wrong);
                if (former != null) {
                    usable.put(name, former);
                }
            }
        });
        problems.forEach(problem -> LOG.error("A route file is not in force: {}", problem));
        broken = List.copyOf(problems);
        good = new RouteFiles(usable);
        LOG.info("Route files in force: {}", good.texts().keySet());
    }

    /** What is to be in force. */
    RouteFiles good() {
        return good;
    }

    /** What keeps the files, as they stand on the disk, from being in force, or from being those of the zone. */
    List<String> problems() {
        List<String> all = new ArrayList<>(broken);
        Stream.of(unwritten, refused).filter(text -> !text.isEmpty()).forEach(all::add);
        if (!conflict.isEmpty()) {
            all.add(conflict);
        }
        return all;
    }

    FilesState state() {
        String digest = seen.digest();
        boolean changed = !digest.equals(base.digest());
        String problem = !broken.isEmpty() ? String.join("; ", broken) : unwritten.isEmpty() ? refused : unwritten;
        boolean tell = changed || !conflict.isEmpty();
        RouteFiles told = tell && broken.isEmpty() ? seen : RouteFiles.NONE;
        return new FilesState(base, digest, takes, problem, told);
    }

    /** Does what the server says; true when something else is in force now. */
    boolean follow(FilesAnswer answer) {
        conflict = answer.outcome() == FilesOutcome.CONFLICT ? answer.text() : "";
        if (!answer.version().equals(refusedVersion)) {
            refused = "";
        }
        if (answer.outcome() == FilesOutcome.SAME && !answer.version().equals(base)) {
            folder.settle(answer.version());
            base = answer.version();
            refused = "";
            LOG.info("The route files are version {} of the zone", base.number());
        }
        return answer.outcome() == FilesOutcome.TAKE && take(answer);
    }

    private boolean take(FilesAnswer answer) {
        List<String> wrong = new ArrayList<>();
        answer.files().texts().forEach((name, text) -> wrong.addAll(RouteTrial.problems(name, text, beans.get())));
        if (!wrong.isEmpty()) {
            refusedVersion = answer.version();
            refused = "version " + answer.version().number() + " of the zone is refused: " + String.join("; ", wrong);
            LOG.error("The route files stay as they are: {}", refused);
            return false;
        }
        if (!broken.isEmpty() || !folder.read().equals(seen)) {
            LOG.info(
                    "The route files have just been changed here; version {} is looked at anew",
                    answer.version().number());
            return false;
        }
        try {
            folder.take(answer.version(), answer.files());
        } catch (SeraiException e) {
            boolean whole = folder.isPending();
            unwritten = "version " + answer.version().number() + " of the zone "
                    + (whole ? "is in force as a whole, but is not in the folder: " : "is not taken: ") + e.text();
            LOG.error("{}; it is tried again", unwritten);
            if (!whole) {
                return false;
            }
        }
        base = answer.version();
        refused = "";
        seen = answer.files();
        good = seen;
        LOG.info(
                "Version {} of the zone's route files is in force; what was there before is in sync/former",
                base.number());
        return true;
    }
}
