package io.serai.cluster.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much of a staging file can be trusted after a crash, in a small file beside it: the length alone tells neither
 * where a client wrote out of order nor what a crash of the machine took away. Without a mark the file had no gap and
 * was not synced. One thread at a time writes a mark.
 */
final class SafeMark {
    private static final String SUFFIX = ".mark";
    private static final Pattern TEXT = Pattern.compile("(\\d{19}) (\\d{19}|-)\\s*");

    private final Path mark;
    private long synced;
    private long gapAt = -1;
    private boolean made;

    SafeMark(Path file) {
        this.mark = beside(file);
    }

    private static Path beside(Path file) {
        return file.resolveSibling(file.getFileName() + SUFFIX);
    }

    /** So many bytes from the beginning are on the disk. */
    synchronized void synced(long bytes) throws IOException {
        synced = bytes;
        write();
    }

    /** From here on the file's length says nothing; to be told before the write that makes the gap. */
    synchronized void gapAt(long bytes) throws IOException {
        gapAt = bytes;
        write();
    }

    /** The file has no gap any more. */
    synchronized void gapless() throws IOException {
        if (gapAt >= 0) {
            gapAt = -1;
            write();
        }
    }

    synchronized void remove() throws IOException {
        if (made) {
            Files.deleteIfExists(mark);
        }
    }

    static void removeBeside(Path file) throws IOException {
        Files.deleteIfExists(beside(file));
    }

    /** Always the same length, so that one write replaces the former text as a whole. */
    private void write() throws IOException {
        String gap = gapAt < 0 ? "-" : String.format("%019d", gapAt);
        String text = String.format("%019d %-19s%n", synced, gap);
        made = true;
        try (FileChannel channel = FileChannel.open(
                mark,
                java.util.Set.of(
                        StandardOpenOption.CREATE, StandardOpenOption.WRITE, java.nio.file.LinkOption.NOFOLLOW_LINKS),
                StorageRoot.FILE_MODE)) {
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), 0);
        }
    }

    /**
     * How many bytes of a file that was left can be resumed.
     *
     * @param sizeBytes the file's length
     * @param crash what ended its writer
     */
    static long trusted(Path file, long sizeBytes, Crash crash) throws IOException {
        Matcher text;
        try {
            text = TEXT.matcher(Files.readString(beside(file), StandardCharsets.US_ASCII));
        } catch (NoSuchFileException e) {
            return crash == Crash.OF_THE_PROCESS ? sizeBytes : 0;
        }
        if (!text.matches()) {
            return 0;
        }
        if (crash == Crash.OF_UNKNOWN_KIND) {
            return Math.min(sizeBytes, Long.parseLong(text.group(1)));
        }
        return text.group(2).equals("-") ? sizeBytes : Math.min(sizeBytes, Long.parseLong(text.group(2)));
    }

    /** What ended the writer of a file. */
    enum Crash {
        /** The process is gone and the machine has run on: all that was written is there, and nobody writes on. */
        OF_THE_PROCESS,
        /** The machine may have crashed, or the process may still be alive. */
        OF_UNKNOWN_KIND
    }
}
