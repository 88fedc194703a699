package io.serai.config.yaml;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.ArrayList;
import java.util.List;

/** Collects everything that is wrong, so that a person hears of all of it at once. For one thread. */
public final class Problems {
    private static final int MOST_SHOWN = 50;

    private final List<String> problems = new ArrayList<>();

    /**
     * Notes one problem.
     *
     * @param where {@code file:line:column}, or the environment variable or option that it came from
     * @param what what is wrong with which field, and how to mend it
     */
    public void add(Object where, String what) {
        problems.add(where + ": " + what);
    }

    public boolean isEmpty() {
        return problems.isEmpty();
    }

    public int count() {
        return problems.size();
    }

    /** All of them, in the order in which they were found. */
    public List<String> list() {
        return List.copyOf(problems);
    }

    /**
     * Ends with an exception that lists all problems, one a line, when there are any.
     *
     * @param what what has the problems and what happens because of them, such as "The server does not start"
     * @throws SeraiException with code INVALID
     */
    public void throwIfAny(String what) {
        if (problems.isEmpty()) {
            return;
        }
        StringBuilder text = new StringBuilder(what)
                .append(problems.size() == 1 ? "; 1 problem:" : "; " + problems.size() + " problems:");
        problems.stream()
                .limit(MOST_SHOWN)
                .forEach(problem -> text.append("\n  ").append(problem));
        if (problems.size() > MOST_SHOWN) {
            text.append("\n  … and ").append(problems.size() - MOST_SHOWN).append(" more");
        }
        throw new SeraiException(ErrorCode.INVALID, text.toString());
    }
}
