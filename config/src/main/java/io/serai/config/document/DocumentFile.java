package io.serai.config.document;

/**
 * A file of one or many documents, or of one route.
 *
 * @param name the path as the person gave it; problems name it, the ending says what the text is, and relative
 *     {@code file:} references are taken from its folder
 */
public record DocumentFile(String name, String text) {
    /** {@code routes/acme-orders.yaml} is {@code acme-orders}. */
    String stem() {
        String last = name.substring(name.lastIndexOf('/') + 1);
        int dot = last.lastIndexOf('.');
        return dot <= 0 ? last : last.substring(0, dot);
    }
}
