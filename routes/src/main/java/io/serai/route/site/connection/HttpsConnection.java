package io.serai.route.site.connection;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Producer;
import org.apache.camel.component.http.HttpComponent;
import org.apache.camel.component.http.HttpEndpoint;
import org.apache.camel.http.base.HttpHeaderFilterStrategy;
import org.apache.camel.support.DefaultExchange;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.BasicHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.config.RegistryBuilder;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * A connection by Camel's HTTP component, kept alive between requests: no redirects (they would carry credentials away),
 * no retries by the client (the delivery decides), no cookies, the site's trust.
 */
public final class HttpsConnection implements Reusable {
    private static final long EXPECT_CONTINUE_BYTES = 1024 * 1024;
    private static final int LONGEST_HEADER = 16 * 1024;
    private static final int MOST_HEADERS = 200;

    private final CamelContext camel;
    private final Site site;
    private final Line line;
    private final TlsTrust trust;
    private final SiteFailures failures;
    private final BasicHttpClientConnectionManager connections;
    private final HttpComponent component;

    private HttpsConnection(CamelContext camel, Site site, Line line) {
        this.camel = camel;
        this.site = site;
        this.line = line;
        trust = new TlsTrust(site);
        failures = new SiteFailures(site, line);
        connections = new BasicHttpClientConnectionManager(
                new DefaultHttpClientConnectionOperator(
                        proxy -> line.newSocket(),
                        null,
                        new Names(line),
                        RegistryBuilder.<TlsSocketStrategy>create()
                                .register("https", tls(trust))
                                .build()),
                ManagedHttpClientConnectionFactory.builder()
                        .http1Config(Http1Config.custom()
                                .setMaxLineLength(LONGEST_HEADER)
                                .setMaxHeaderCount(MOST_HEADERS)
                                .build())
                        .build());
        connections.setConnectionConfig(ConnectionConfig.custom()
                .setConnectTimeout(Timeout.of(site.connectTimeout()))
                .setSocketTimeout(Timeout.of(site.timeout()))
                .setValidateAfterInactivity(TimeValue.ZERO_MILLISECONDS)
                .build());
        connections.setSocketConfig(SocketConfig.custom()
                .setSoTimeout(Timeout.of(site.timeout()))
                .setTcpNoDelay(true)
                .build());
        component = new HttpComponent();
        component.setCamelContext(camel);
        component.setCookieManagementDisabled(true);
    }

    /** Connects with the first request. */
    static HttpsConnection of(CamelContext camel, Site site, Line line) {
        return new HttpsConnection(camel, site, line);
    }

    private static TlsSocketStrategy tls(TlsTrust trust) {
        var context = trust.context();
        return (socket, host, port, attachment, exchange) -> {
            SSLSocket wrapped = (SSLSocket) context.getSocketFactory().createSocket(socket, host, port, true);
            SSLParameters parameters = wrapped.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            wrapped.setSSLParameters(parameters);
            wrapped.startHandshake();
            return wrapped;
        };
    }

    /** Names are resolved where the line leaves. */
    private record Names(Line line) implements DnsResolver {
        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            return line.isDirect()
                    ? SystemDefaultDnsResolver.INSTANCE.resolve(host)
                    : new InetAddress[] {line.standIn()};
        }

        @Override
        public String resolveCanonicalHostname(String host) {
            return host;
        }
    }

    /** An answer: its status, one line of text and the headers by lower-case name. */
    public record Answer(int status, String text, Map<String, String> headers) {
        public Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
        }
    }

    /**
     * Sends one request and reads its answer, whatever its status.
     *
     * @param path as {@link RemotePath} makes it
     * @param entity the body, if the method has one
     */
    public Answer request(String method, String path, Map<String, String> headers, @Nullable HttpEntity entity) {
        while (true) {
            try {
                return requestOnce(method, path, headers, entity);
            } catch (SeraiException e) {
                if (!line.nextWay(e)) {
                    throw e;
                }
            }
        }
    }

    private Answer requestOnce(String method, String path, Map<String, String> headers, @Nullable HttpEntity entity) {
        String doing = "sending " + method + " " + RemotePath.printable(path);
        try {
            HttpEndpoint endpoint = endpoint(path, entity);
            Exchange exchange = new DefaultExchange(camel);
            Message message = exchange.getIn();
            message.setHeader(Exchange.HTTP_METHOD, method);
            headers.forEach(message::setHeader);
            authorization().ifPresent(value -> message.setHeader("Authorization", value));
            message.setBody(entity);
            try (Producer producer = endpoint.createProducer()) {
                producer.start();
                producer.process(exchange);
            }
            return answer(exchange.getMessage());
        } catch (Exception e) {
            var mapped = failures.during(doing, e);
            throw mapped.code() == ErrorCode.SITE_UNTRUSTED
                    ? trust.shown()
                            .map(shown -> failures.untrusted(
                                    "its certificate is not trusted: it showed " + TlsTrust.pin(shown)))
                            .orElse(mapped)
                    : mapped;
        }
    }

    private HttpEndpoint endpoint(String path, @Nullable HttpEntity entity) {
        URI uri = uri(path);
        RequestConfig requests = RequestConfig.custom()
                .setRedirectsEnabled(false)
                .setResponseTimeout(Timeout.of(site.timeout()))
                .setConnectionRequestTimeout(Timeout.of(site.connectTimeout()))
                // A refusal comes before the bytes are sent where that pays.
                .setExpectContinueEnabled(entity != null
                        && (entity.getContentLength() < 0 || entity.getContentLength() > EXPECT_CONTINUE_BYTES))
                .build();
        HttpClientBuilder client = HttpClientBuilder.create()
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableContentCompression()
                .setConnectionManagerShared(true)
                .setDefaultRequestConfig(requests);
        HttpEndpoint endpoint = new HttpEndpoint(uri.toString(), component, uri, client, connections, null);
        endpoint.setCamelContext(camel);
        endpoint.setThrowExceptionOnFailure(false);
        endpoint.setFollowRedirects(false);
        endpoint.setIgnoreResponseBody(true);
        endpoint.setUserAgent("Serai");
        endpoint.setUseSystemProperties(false);
        endpoint.setHeaderFilterStrategy(new HttpHeaderFilterStrategy());
        return endpoint;
    }

    private URI uri(String path) {
        StringBuilder encoded = new StringBuilder();
        for (String segment : path.split("/")) {
            if (!segment.isEmpty()) {
                encoded.append('/').append(encoded(segment));
            }
        }
        return URI.create("https://" + line.target() + (encoded.isEmpty() ? "/" : encoded));
    }

    private static String encoded(String segment) {
        StringBuilder result = new StringBuilder();
        for (byte b : segment.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "-._~".indexOf(c) >= 0;
            result.append(plain ? String.valueOf(c) : String.format(Locale.ROOT, "%%%02X", (int) c));
        }
        return result.toString();
    }

    private Optional<String> authorization() {
        if (site.bearerToken().isPresent()) {
            return site.bearerToken().map(token -> "Bearer " + token.reveal());
        }
        return site.user().map(user -> {
            String pair = user + ":" + site.password().map(SecretText::reveal).orElse("");
            return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
        });
    }

    private static Answer answer(Message message) {
        Map<String, String> headers = new java.util.HashMap<>();
        message.getHeaders().forEach((name, value) -> {
            if (value != null) {
                headers.put(name.toLowerCase(Locale.ROOT), value.toString());
            }
        });
        int status = message.getHeader(Exchange.HTTP_RESPONSE_CODE, 0, Integer.class);
        String text = message.getHeader(Exchange.HTTP_RESPONSE_TEXT, "", String.class);
        return new Answer(status, text, headers);
    }

    @Override
    public Line line() {
        return line;
    }

    /** Whether the socket is of use is checked by the client before each request. */
    @Override
    public boolean alive() {
        return line.cut() == null && !connections.isClosed();
    }

    /** For messages about this connection. */
    public SiteFailures failures() {
        return failures;
    }

    @Override
    public void close() {
        connections.close(org.apache.hc.core5.io.CloseMode.IMMEDIATE);
    }

    /** For messages: the site, never its secrets. */
    @Override
    public String toString() {
        return "HttpsConnection[" + site.name() + "]";
    }
}
