package io.serai.route.site.outbound;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Through an HTTP proxy by CONNECT (RFC 9110, section 9.3.6); it resolves names. When it counts as down is said at
 * {@link SocksPath}: 502, 503 and 504 speak of the destination.
 *
 * @param called what errors call it
 * @param login for proxies that ask for one (Basic)
 */
public record HttpProxyPath(String called, String proxyHost, int proxyPort, Optional<ProxyLogin> login)
        implements OutboundPath {
    private static final int MOST_BYTES = 16 * 1024;
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([1-5][0-9]{2})( .*)?");

    @Override
    public boolean isDirect() {
        return false;
    }

    @Override
    public void connect(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis) throws IOException {
        long deadline = ProxyTalk.deadline(withinMillis);
        InetSocketAddress proxy = new InetSocketAddress(proxyHost, proxyPort);
        if (proxy.isUnresolved()) {
            throw new ProxyDown(called, "its name cannot be resolved");
        }
        try {
            dial.connect(proxy, withinMillis);
        } catch (IOException e) {
            throw new ProxyDown(called, String.valueOf(e.getMessage()));
        }
        int usual = socket.getSoTimeout();
        ProxyTalk talk = new ProxyTalk(socket, deadline);
        String host = destination.getHostString();
        String target = (host.contains(":") ? "[" + host + "]" : host) + ":" + destination.getPort();
        String status;
        try {
            talk.send(request(target));
            status = answer(talk);
        } catch (ProxyDown e) {
            throw e;
        } catch (EOFException | SocketException e) {
            throw new ProxyDown(called, "it ended the connection instead of an answer");
        }
        judge(status, target);
        socket.setSoTimeout(usual);
    }

    private byte[] request(String target) {
        StringBuilder text = new StringBuilder("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n");
        login.ifPresent(with -> {
            String pair = with.user() + ":" + with.password().reveal();
            text.append("Proxy-Authorization: Basic ")
                    .append(Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)))
                    .append("\r\n");
        });
        return text.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
    }

    /** The first line; everything up to the empty line is read, and not one byte more. */
    private String answer(ProxyTalk talk) throws IOException {
        StringBuilder first = new StringBuilder();
        boolean firstEnded = false;
        int lineChars = 0;
        for (int read = 0; read < MOST_BYTES; read++) {
            int next = talk.read();
            if (next == '\n') {
                if (firstEnded && lineChars == 0) {
                    return first.toString();
                }
                firstEnded = true;
                lineChars = 0;
            } else if (next != '\r') {
                lineChars++;
                if (!firstEnded) {
                    first.append(next >= 0x20 && next < 0x7f ? (char) next : '?');
                }
            }
        }
        throw new ProxyDown(called, "its answer is longer than " + MOST_BYTES + " bytes");
    }

    private void judge(String line, String target) throws IOException {
        Matcher status = STATUS.matcher(line);
        if (!status.matches()) {
            throw new ProxyDown(called, "it does not answer as an HTTP proxy does: " + shortened(line));
        }
        String said = called + " answers " + shortened(line.substring(line.indexOf(' ') + 1)) + " for " + target;
        int code = Integer.parseInt(status.group(1));
        if (code / 100 == 2) {
            return;
        }
        switch (code) {
            case 502, 503 -> throw new NoRouteToHostException(said);
            case 504 -> throw new SocketTimeoutException(said);
            case 407 -> throw refused(login.isPresent() ? "refuses the login" : "asks for a login", said);
            case 400, 401, 403, 404, 405 -> throw refused("does not allow connections to " + target, said);
            default -> throw new ProxyDown(called, said);
        }
    }

    private static String shortened(String line) {
        return line.length() > 100 ? line.substring(0, 100) + "…" : line;
    }

    private IOException refused(String why, String said) {
        return new IOException(why, new SeraiException(ErrorCode.INVALID, called + " " + why + " (" + said + ")"));
    }
}
