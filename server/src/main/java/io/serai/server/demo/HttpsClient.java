package io.serai.server.demo;

import io.serai.server.client.PinnedTls;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import javax.net.ssl.SSLParameters;

/** A partner with HTTPS: PUT and GET. */
final class HttpsClient implements PartnerClient {
    private final HttpClient http;
    private final String base;
    private final String authorization;

    HttpsClient(Login login) {
        http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(PinnedTls.context(login.fingerprints()))
                .sslParameters(new SSLParameters())
                .connectTimeout(Duration.ofSeconds(15))
                .build();
        base = "https://" + login.host() + ":" + login.port();
        byte[] credentials = (login.user() + ":" + login.password()).getBytes(StandardCharsets.UTF_8);
        authorization = "Basic " + Base64.getEncoder().encodeToString(credentials);
    }

    @Override
    public void upload(Path file, String remotePath, Progress progress) throws IOException {
        HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.fromPublisher(
                HttpRequest.BodyPublishers.ofInputStream(() -> counted(file, progress)), Files.size(file));
        HttpResponse<String> answer = send(request(remotePath).PUT(body).build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() / 100 != 2) {
            throw new IOException(
                    "HTTPS upload of " + remotePath + " failed: " + answer.statusCode() + " " + answer.body());
        }
    }

    @Override
    public void download(String remotePath, Path file, Progress progress) throws IOException {
        HttpResponse<InputStream> answer =
                send(request(remotePath).GET().build(), HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream in = answer.body();
                OutputStream out = Files.newOutputStream(file)) {
            if (answer.statusCode() != 200) {
                throw new IOException("HTTPS download of " + remotePath + " failed: " + answer.statusCode());
            }
            byte[] block = new byte[256 << 10];
            long soFar = 0;
            for (int n = in.read(block); n >= 0; n = in.read(block)) {
                out.write(block, 0, n);
                soFar += n;
                progress.bytes(soFar);
            }
        }
    }

    @Override
    public void close() {
        // The client's connections end by themselves when they are idle.
    }

    private HttpRequest.Builder request(String remotePath) {
        return HttpRequest.newBuilder(URI.create(base + remotePath))
                .timeout(Duration.ofMinutes(5))
                .header("Authorization", authorization);
    }

    private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) throws IOException {
        try {
            return http.send(request, handler);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static InputStream counted(Path file, Progress progress) {
        try {
            return new FilterInputStream(Files.newInputStream(file)) {
                private long soFar;

                @Override
                public int read(byte[] target, int offset, int length) throws IOException {
                    int n = super.read(target, offset, length);
                    if (n > 0) {
                        soFar += n;
                        progress.bytes(soFar);
                    }
                    return n;
                }
            };
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
