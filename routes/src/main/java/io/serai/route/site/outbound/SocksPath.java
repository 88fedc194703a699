package io.serai.route.site.outbound;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Through a SOCKS5 proxy (RFC 1928, CONNECT), which resolves names. The proxy counts as down when it cannot be reached, does
 * not greet as it should, or fails for a reason of its own; what it says about the destination is the destination's failure.
 *
 * @param called what errors call it
 * @param login for proxies that ask for one (RFC 1929)
 */
public record SocksPath(String called, String proxyHost, int proxyPort, Optional<ProxyLogin> login)
        implements OutboundPath {
    private static final int VERSION = 5;
    private static final int NO_LOGIN = 0;
    private static final int BY_PASSWORD = 2;
    private static final int LOGIN_VERSION = 1;
    private static final int CONNECT = 1;
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;
    private static final int LONGEST = 255;
    private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    /** One that errors call by its address. */
    public SocksPath(String proxyHost, int proxyPort, Optional<ProxyLogin> login) {
        this("the proxy " + proxyHost + ":" + proxyPort, proxyHost, proxyPort, login);
    }

    @Override
    public boolean isDirect() {
        return false;
    }

    @Override
    public void connect(Socket socket, Dial dial, InetSocketAddress destination, int withinMillis) throws IOException {
        long deadline = ProxyTalk.deadline(withinMillis);
        InetSocketAddress proxy = new InetSocketAddress(proxyHost, proxyPort);
        if (proxy.isUnresolved()) {
            throw down("its name cannot be resolved");
        }
        try {
            dial.connect(proxy, withinMillis);
        } catch (IOException e) {
            throw down(String.valueOf(e.getMessage()));
        }
        int usual = socket.getSoTimeout();
        ProxyTalk talk = new ProxyTalk(socket, deadline);
        try {
            greet(talk);
        } catch (ProxyDown e) {
            throw e;
        } catch (EOFException | SocketException | SocketTimeoutException e) {
            throw down("it does not greet as a SOCKS5 proxy does: " + e.getMessage());
        }
        ask(talk, destination);
        socket.setSoTimeout(usual);
    }

    private ProxyDown down(String why) {
        return new ProxyDown(called, why);
    }

    private IOException refused(String why) {
        return new IOException(why, new SeraiException(ErrorCode.INVALID, called + " " + why));
    }

    private void greet(ProxyTalk talk) throws IOException {
        int method = login.isPresent() ? BY_PASSWORD : NO_LOGIN;
        talk.send(new byte[] {VERSION, 1, (byte) method});
        int version = talk.read();
        int chosen = talk.read();
        if (version != VERSION) {
            throw down("it does not speak SOCKS5");
        }
        if (chosen != method) {
            throw refused(login.isPresent() ? "takes no login by password" : "asks for a login");
        }
        if (login.isPresent()) {
            logIn(talk, login.get());
        }
    }

    private void logIn(ProxyTalk talk, ProxyLogin with) throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.write(LOGIN_VERSION);
        append(message, with.user());
        append(message, with.password().reveal());
        talk.send(message.toByteArray());
        talk.read();
        if (talk.read() != 0) {
            throw refused("refuses the login of " + with.user());
        }
    }

    private void append(ByteArrayOutputStream message, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > LONGEST || bytes.length == 0) {
            throw refused("cannot be told a name or password of " + bytes.length + " bytes");
        }
        message.write(bytes.length);
        message.writeBytes(bytes);
    }

    private void ask(ProxyTalk talk, InetSocketAddress destination) throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.writeBytes(new byte[] {VERSION, CONNECT, 0});
        String host = destination.getHostString();
        if (LITERAL.matcher(host).matches()) {
            byte[] address = InetAddress.getByName(host).getAddress();
            message.write(address.length == 4 ? IPV4 : IPV6);
            message.writeBytes(address);
        } else {
            message.write(NAME);
            append(message, host);
        }
        message.write(destination.getPort() >> 8);
        message.write(destination.getPort());
        talk.send(message.toByteArray());
        int version;
        int reply;
        try {
            version = talk.read();
            reply = talk.read();
        } catch (EOFException | SocketException e) {
            throw down("it ended the connection instead of an answer");
        }
        if (version != VERSION || reply != 0) {
            throw failure(version == VERSION ? reply : 1, host + " port " + destination.getPort());
        }
        talk.read();
        int type = talk.read();
        talk.skip(2
                + switch (type) {
                    case IPV4 -> 4;
                    case IPV6 -> 16;
                    case NAME -> talk.read();
                    default -> throw down("it answers with an address of the type " + type);
                });
    }

    private IOException failure(int reply, String destination) {
        return switch (reply) {
            case 2 -> refused("does not allow connections to " + destination + "; let it, if they are wanted");
            case 3 -> new NoRouteToHostException(called + " has no route to " + destination);
            case 4 -> new NoRouteToHostException(called + " cannot find or reach " + destination);
            case 5 -> new ConnectException(called + " says: connection to " + destination + " refused");
            case 6 -> new SocketTimeoutException(called + " got no answer from " + destination);
            case 7, 8 -> refused("cannot make a connection to " + destination);
            default -> down("it answers with the failure " + reply);
        };
    }
}
