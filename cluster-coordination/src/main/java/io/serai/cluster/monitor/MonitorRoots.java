package io.serai.cluster.monitor;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The folders below which routes may monitor folders, by the operator's word.
 *
 * @param roots absolute
 */
public record MonitorRoots(List<Path> roots) {
    public MonitorRoots {
        roots = roots.stream().map(Path::normalize).toList();
    }

    /**
     * The allowed folder above this one.
     *
     * @throws SeraiException {@code INVALID} when there is none
     */
    public Path rootOf(Path folder) {
        Path wanted = folder.normalize();
        return roots.stream()
                .filter(each -> wanted.isAbsolute() && wanted.startsWith(each))
                .findFirst()
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.INVALID,
                        "folder:" + folder + " is not below one of the allowed folders; the operator of the server"
                                + " allows them by the setting monitors.roots"
                                + (roots.isEmpty() ? ", which allows none" : ", now " + roots)));
    }

    /**
     * A folder that may be monitored, or that files are moved to; it need not be there. Nothing below the allowed folder
     * is followed on the way to it.
     *
     * @throws SeraiException {@code INVALID} when it is not below an allowed folder
     */
    public MonitoredFolder folder(Path folder) throws IOException {
        Path root = rootOf(folder);
        return new MonitoredFolder(root.toRealPath(), root.relativize(folder.normalize()));
    }

    /**
     * The real path of a folder that may be monitored.
     *
     * @throws SeraiException {@code INVALID} when it is not below an allowed folder or a symbolic link leads to it, {@code
     *     STORAGE_DOWN} when it cannot be read
     */
    public Path require(Path folder) {
        Path wanted = folder.normalize();
        Path root = rootOf(folder);
        try {
            Path real = wanted.toRealPath();
            if (!real.equals(root.toRealPath().resolve(root.relativize(wanted)).normalize())) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "folder:" + folder + " is reached through a symbolic link below " + root
                                + "; name the folder itself");
            }
            return real;
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.STORAGE_DOWN, "The monitored folder " + folder + " cannot be read: " + e, e);
        }
    }
}
