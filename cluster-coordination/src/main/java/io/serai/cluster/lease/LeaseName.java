package io.serai.cluster.lease;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;

/**
 * What a lease is about: a group and a name in it, {@code leader/reports}. Leases of one group are spread evenly.
 *
 * @param group lower-case letters
 * @param name any text of at most 200 characters
 */
public record LeaseName(String group, String name) implements Comparable<LeaseName> {
    private static final int LONGEST = 200;

    public LeaseName {
        if (!group.matches("[a-z]{1,20}") || name.isEmpty() || name.length() > LONGEST) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "\"" + name + "\" cannot be the name of a " + group + " lease: 1 to " + LONGEST
                            + " characters are allowed");
        }
    }

    static LeaseName parse(String text) {
        int slash = text.indexOf('/');
        return new LeaseName(text.substring(0, slash), text.substring(slash + 1));
    }

    @Override
    public int compareTo(LeaseName other) {
        int byGroup = group.compareTo(other.group);
        return byGroup == 0 ? name.compareTo(other.name) : byGroup;
    }

    @Override
    public String toString() {
        return group + "/" + name;
    }
}
