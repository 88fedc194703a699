package io.serai.route.site;

/** What happens to a file at the site when it has been fetched. */
public enum AfterPull {
    /** It stays; as long as its size and time stay the same, it is not fetched again. */
    KEEP,
    DELETE,
    /** It is moved to another folder of the site. */
    MOVE
}
