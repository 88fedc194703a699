package io.serai.cluster.monitor;

/**
 * A file in a monitored folder as it was seen. Another size or time is another file: it is taken anew.
 *
 * @param path below the folder, names separated by {@code /}
 * @param modifiedMillis the time of the last change in milliseconds since 1970
 */
public record MonitoredFile(String path, long sizeBytes, long modifiedMillis) {
    /** The last name of the path. */
    public String name() {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
