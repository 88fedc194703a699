package io.serai.endpoint.ftp;

import java.util.List;
import org.apache.ftpserver.ftplet.FtpReply;

/**
 * A reply with its text as it goes over the wire.
 *
 * @param lines without line ends; control characters are replaced
 */
record Answer(int code, List<String> lines, long sentAt) implements FtpReply {
    Answer {
        lines = lines.stream().map(line -> line.replaceAll("\\p{Cntrl}", "?")).toList();
    }

    static Answer of(int code, String text) {
        return new Answer(code, List.of(text), System.currentTimeMillis());
    }

    /** Several lines between the two that carry the code (RFC 2389 section 3.2). */
    static Answer of(int code, String first, List<String> between, String last) {
        List<String> all = new java.util.ArrayList<>(List.of(first));
        between.forEach(line -> all.add(" " + line));
        all.add(last);
        return new Answer(code, all, System.currentTimeMillis());
    }

    @Override
    public int getCode() {
        return code;
    }

    @Override
    public String getMessage() {
        return String.join("\n", lines);
    }

    @Override
    public long getSentTime() {
        return sentAt;
    }

    @Override
    public boolean isPositive() {
        return code < 400;
    }

    @Override
    public String toString() {
        StringBuilder wire = new StringBuilder();
        int last = lines.size() - 1;
        for (int i = 0; i <= last; i++) {
            if (i == last) {
                wire.append(code).append(' ');
            } else if (i == 0) {
                wire.append(code).append('-');
            }
            wire.append(lines.get(i)).append("\r\n");
        }
        return wire.toString();
    }
}
