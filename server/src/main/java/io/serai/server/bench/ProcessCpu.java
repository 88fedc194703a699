package io.serai.server.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** CPU seconds of processes and all below them, ended children included (proc(5), stat fields 14 to 17). */
final class ProcessCpu {
    private static final double TICKS_PER_SECOND = 100;

    private final List<ProcessHandle> roots;

    ProcessCpu(ProcessHandle... roots) {
        this.roots = List.of(roots);
    }

    double seconds() {
        Map<Long, Long> ticks = new HashMap<>();
        for (ProcessHandle root : roots) {
            ticks.put(root.pid(), ticks(root.pid()));
            root.descendants().forEach(process -> ticks.put(process.pid(), ticks(process.pid())));
        }
        return ticks.values().stream().mapToLong(Long::longValue).sum() / TICKS_PER_SECOND;
    }

    private static long ticks(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            // The name in parentheses may hold blanks; the fields behind it are counted from 3.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long sum = 0;
            for (int field = 14; field <= 17; field++) {
                sum += Long.parseLong(fields[field - 3]);
            }
            return sum;
        } catch (NoSuchFileException e) {
            return 0; // it ended meanwhile; its parent has its time
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
