package io.serai.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder of a command that leaves nothing behind: closing it removes it with all below it. */
record ThrowAway(Path folder) implements AutoCloseable {
    @Override
    public void close() throws IOException {
        remove(folder);
    }

    static void remove(Path folder) throws IOException {
        try (Stream<Path> tree = Files.walk(folder)) {
            List<Path> deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
        }
    }
}
