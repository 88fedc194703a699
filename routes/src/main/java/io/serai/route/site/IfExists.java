package io.serai.route.site;

/** What happens when the site has a file of the final name already. */
public enum IfExists {
    /** It is replaced. */
    REPLACE,
    /** The delivery is refused and its event parked. */
    FAIL,
    /** The new file gets a number before its ending: {@code orders-1.csv}. */
    RENAME
}
