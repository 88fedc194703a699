package io.serai.endpoint.ftp;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** A client that can end its connections in all the wrong ways. */
public final class RawFtpClient implements AutoCloseable {
    private static final Pattern EPSV = Pattern.compile("\\|\\|\\|(\\d+)\\|");

    private final SSLContext trustingAll;
    private final Socket tcp;
    private Socket control;
    private BufferedReader replies;
    private Socket dataTcp;
    private SSLSocket data;

    public RawFtpClient(int port) throws IOException, GeneralSecurityException {
        trustingAll = SSLContext.getInstance("TLS");
        trustingAll.init(null, new TrustManager[] {new TrustingAll()}, null);
        tcp = new Socket(InetAddress.getLoopbackAddress(), port);
        tcp.setSoTimeout(20_000);
        use(tcp);
        if (!readReply().startsWith("220")) {
            throw new IOException("No welcome");
        }
    }

    private void use(Socket socket) throws IOException {
        control = socket;
        replies = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    void secure() throws IOException {
        String reply = command("AUTH TLS");
        if (!reply.startsWith("234")) {
            throw new IOException(reply);
        }
        SSLSocket secured =
                (SSLSocket) trustingAll.getSocketFactory().createSocket(tcp, "localhost", tcp.getPort(), true);
        secured.startHandshake();
        use(secured);
    }

    public void logIn(String user, String password) throws IOException {
        secure();
        logInSecured(user, password);
    }

    void logInSecured(String user, String password) throws IOException {
        command("USER " + user);
        String reply = command("PASS " + password);
        if (!reply.startsWith("230")) {
            throw new IOException(reply);
        }
        command("PBSZ 0");
        command("PROT P");
    }

    public String command(String line) throws IOException {
        send(line + "\r\n");
        return readReply();
    }

    void send(String text) throws IOException {
        control.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    void sendInClear(String text) throws IOException {
        tcp.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    public String readReply() throws IOException {
        for (String line = replies.readLine(); line != null; line = replies.readLine()) {
            if (line.matches("\\d{3} .*")) {
                return line;
            }
        }
        throw new IOException("The control connection ended");
    }

    /** Everything that the server says before it hangs up; a reset may swallow the last of it. */
    List<String> repliesUntilTheEnd() throws IOException {
        List<String> said = new ArrayList<>();
        try {
            for (String line = replies.readLine(); line != null; line = replies.readLine()) {
                said.add(line);
            }
        } catch (java.net.SocketException e) {
            return said; // hung up by a reset
        }
        return said;
    }

    boolean endsWithoutReply() {
        try {
            return replies.readLine() == null;
        } catch (IOException e) {
            return e instanceof java.net.SocketException;
        }
    }

    void openPassive() throws IOException {
        Matcher reply = EPSV.matcher(command("EPSV"));
        if (!reply.find()) {
            throw new IOException("No port");
        }
        dataTcp = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(reply.group(1)));
        dataTcp.setSoTimeout(20_000);
    }

    private void secureData() throws IOException {
        data = (SSLSocket) trustingAll.getSocketFactory().createSocket(dataTcp, "localhost", dataTcp.getPort(), false);
        data.startHandshake();
    }

    /** Sends the command and all bytes, and leaves the data connection open. */
    public void startUpload(String command, byte[] content) throws IOException {
        openPassive();
        String reply = command(command);
        if (!reply.startsWith("150")) {
            throw new IOException(reply);
        }
        secureData();
        data.getOutputStream().write(content);
        data.getOutputStream().flush();
    }

    String readData() throws IOException {
        secureData();
        String text = new String(data.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        endData();
        return text;
    }

    /** Ends TLS and TCP, as it should be. */
    public void endData() throws IOException {
        data.shutdownOutput();
        data.close();
        dataTcp.close();
    }

    /** Ends TCP without close_notify. */
    void cutData() throws IOException {
        dataTcp.close();
    }

    void halfCloseTcp() throws IOException {
        dataTcp.shutdownOutput();
    }

    void resetData() throws IOException {
        dataTcp.setSoLinger(true, 0);
        dataTcp.close();
    }

    @Override
    public void close() throws IOException {
        control.close();
        tcp.close();
    }

    private static final class TrustingAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {
            // A test client.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
            // The listener's own certificate.
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
