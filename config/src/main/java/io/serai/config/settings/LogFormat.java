package io.serai.config.settings;

/** The shape of a log line. */
public enum LogFormat {
    TEXT,
    JSON
}
