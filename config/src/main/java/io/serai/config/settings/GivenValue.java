package io.serai.config.settings;

/**
 * A value as somebody gave it.
 *
 * @param origin {@code file:line:column}, {@code environment variable …} or {@code --set …}
 */
record GivenValue(String text, String origin) {}
