package io.serai.config.object;

/** The kinds of configuration objects; the word in YAML is the name in mixed case ({@code kind: Account}). */
public enum ObjectKind {
    ACCOUNT("Account"),
    SITE("Site"),
    CALENDAR("Calendar"),
    SCHEDULE("Schedule"),
    ROUTE("Route"),
    LIBRARY("Library"),
    NODE("Node"),
    ZONE("Zone"),
    DATA_SOURCE("DataSource"),
    CONNECTION_FACTORY("ConnectionFactory");

    private final String word;

    ObjectKind(String word) {
        this.word = word;
    }

    /** The word after {@code kind:} in a document. */
    public String word() {
        return word;
    }
}
