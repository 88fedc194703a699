package io.serai.edge.message;

import io.serai.edge.ProtocolViolation;
import java.util.Map;
import java.util.TreeMap;

/** The messages by which the route files of one edge get to the others of its zone. */
public final class FileMessages {
    private static final int DIGEST_BYTES = 64;
    private static final int NAME_BYTES = 64;
    private static final int TEXT_BYTES = 4_096;

    private FileMessages() {}

    /**
     * A version of a zone's route files.
     *
     * @param number 0 for none yet
     * @param digest of its files
     */
    public record FilesVersion(long number, String digest) {
        public static final FilesVersion NONE = new FilesVersion(0, "");

        private FieldWriter writer() {
            return new FieldWriter().number(1, number).text(2, digest);
        }

        private static FilesVersion decode(FieldReader in) throws ProtocolViolation {
            long number = 0;
            String digest = "";
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> number = in.number(Long.MAX_VALUE);
                    case 2 -> digest = in.text(DIGEST_BYTES);
                    default -> {}
                }
            }
            if (!digest.matches("|[0-9a-f]{64}")) {
                throw new ProtocolViolation("a version whose digest cannot be");
            }
            return new FilesVersion(number, digest);
        }
    }

    /**
     * What an edge has.
     *
     * @param base the version that it took last, or that its files became
     * @param digest of its files now
     * @param takes whether it takes and gives changes of itself, or waits for operators
     * @param problem why its files, as they stand on its disk, are not in force; they are not told then
     * @param files what is in them, if they are not those of the base
     */
    public record FilesState(FilesVersion base, String digest, Takes takes, String problem, RouteFiles files) {
        /** When an edge takes and gives changes. */
        public enum Takes {
            AT_ONCE,
            WHEN_TOLD
        }

        public boolean isChanged() {
            return !digest.equals(base.digest());
        }

        public byte[] encode() {
            FieldWriter out = new FieldWriter()
                    .message(1, base.writer())
                    .text(2, digest)
                    .flag(3, takes == Takes.WHEN_TOLD)
                    .text(4, problem.length() > 1_000 ? problem.substring(0, 1_000) : problem);
            write(out, 5, files);
            return out.done();
        }

        public static FilesState decode(byte[] payload) throws ProtocolViolation {
            FilesVersion base = FilesVersion.NONE;
            String digest = "";
            Takes takes = Takes.AT_ONCE;
            String problem = "";
            Map<String, String> files = new TreeMap<>();
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> base = FilesVersion.decode(in.message());
                    case 2 -> digest = in.text(DIGEST_BYTES);
                    case 3 -> takes = in.flag() ? Takes.WHEN_TOLD : Takes.AT_ONCE;
                    case 4 -> problem = PlainText.of(in.text(TEXT_BYTES), TEXT_BYTES);
                    case 5 -> read(in.message(), files);
                    default -> {}
                }
            }
            FilesState state = new FilesState(base, digest, takes, problem, routeFiles(files));
            if (problem.isEmpty()
                    && state.isChanged()
                    && !state.files().digest().equals(digest)) {
                throw new ProtocolViolation("route files that are not those of their digest");
            }
            return state;
        }
    }

    /** What an edge is to do. */
    public enum FilesOutcome {
        /** Nothing: an answer that is not understood, too. */
        STAY(0),
        /** Its files are the zone's version that is given. */
        SAME(1),
        /** The files that are given take the place of its own. */
        TAKE(2),
        /** It and another edge have changed; nothing is overwritten. */
        CONFLICT(3);

        private final int number;

        FilesOutcome(int number) {
            this.number = number;
        }

        static FilesOutcome of(int number) {
            for (FilesOutcome outcome : values()) {
                if (outcome.number == number) {
                    return outcome;
                }
            }
            return STAY;
        }
    }

    /**
     * The server's answer.
     *
     * @param version the zone's newest
     * @param text why, for the edge's log
     */
    public record FilesAnswer(FilesOutcome outcome, FilesVersion version, RouteFiles files, String text) {
        public byte[] encode() {
            FieldWriter out = new FieldWriter().number(1, outcome.number).message(2, version.writer());
            write(out, 3, files);
            return out.text(4, text).done();
        }

        public static FilesAnswer decode(byte[] payload) throws ProtocolViolation {
            FilesOutcome outcome = FilesOutcome.STAY;
            FilesVersion version = FilesVersion.NONE;
            Map<String, String> files = new TreeMap<>();
            String text = "";
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> outcome = FilesOutcome.of(in.integer(Integer.MAX_VALUE));
                    case 2 -> version = FilesVersion.decode(in.message());
                    case 3 -> read(in.message(), files);
                    case 4 -> text = in.text(TEXT_BYTES);
                    default -> {}
                }
            }
            FilesAnswer answer = new FilesAnswer(outcome, version, routeFiles(files), text);
            if (outcome == FilesOutcome.TAKE && !answer.files().digest().equals(version.digest())) {
                throw new ProtocolViolation("route files that are not those of their digest");
            }
            return answer;
        }
    }

    private static void write(FieldWriter out, int field, RouteFiles files) {
        files.texts()
                .forEach((name, text) ->
                        out.message(field, new FieldWriter().text(1, name).text(2, text)));
    }

    private static void read(FieldReader in, Map<String, String> files) throws ProtocolViolation {
        String name = "";
        String text = "";
        while (in.next()) {
            switch (in.field()) {
                case 1 -> name = in.text(NAME_BYTES);
                case 2 -> text = in.text(RouteFiles.LARGEST_BYTES);
                default -> {}
            }
        }
        if (files.put(name, text) != null || files.size() > RouteFiles.MOST) {
            throw new ProtocolViolation("too many route files, or two of one name");
        }
    }

    private static RouteFiles routeFiles(Map<String, String> texts) throws ProtocolViolation {
        try {
            return new RouteFiles(texts);
        } catch (IllegalArgumentException e) {
            throw new ProtocolViolation(String.valueOf(e.getMessage()));
        }
    }
}
