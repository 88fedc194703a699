package io.serai.endpoint.ftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The ports that data connections may come to. Safe for use by several threads. */
final class PassivePorts {
    private static final Pattern RANGE = Pattern.compile("\\s*(\\d{1,5})\\s*(?:-\\s*(\\d{1,5})\\s*)?");

    private final int first;
    private final int last;

    /** @param range as in {@code 50000-50999}, or one port; empty or 0 for any free port */
    PassivePorts(String range) {
        if (range.isBlank() || range.strip().equals("0")) {
            first = 0;
            last = 0;
            return;
        }
        Matcher parts = RANGE.matcher(range);
        if (!parts.matches()) {
            throw invalid(range);
        }
        first = Integer.parseInt(parts.group(1));
        String end = parts.group(2);
        last = end == null ? first : Integer.parseInt(end);
        if (first < 1 || last < first || last > 65535) {
            throw invalid(range);
        }
    }

    private static SeraiException invalid(String range) {
        return new SeraiException(
                ErrorCode.INVALID, "passivePorts=" + range + " is not a range of ports; write it as 50000-50999");
    }

    /** Listens at a free port, chosen at random so that nobody can wait for the next one. */
    ServerSocket listen(InetAddress address) throws IOException {
        int count = last - first + 1;
        int start = ThreadLocalRandom.current().nextInt(count);
        for (int i = 0; i < count; i++) {
            ServerSocket socket = new ServerSocket();
            try {
                socket.bind(new InetSocketAddress(address, first + (start + i) % count), 2);
                return socket;
            } catch (IOException e) {
                socket.close();
                if (i == count - 1) {
                    throw e;
                }
            }
        }
        throw new IOException("No passive port");
    }
}
