package io.serai.route.monitor;

/** What happens to a file of a monitored folder when it has been taken. */
enum Afterwards {
    /** It stays; as long as its size and time stay the same, it is not taken again. */
    KEEP,
    DELETE,
    /** It is moved to another folder of the same file system. */
    MOVE
}
