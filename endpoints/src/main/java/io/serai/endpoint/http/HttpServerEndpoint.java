package io.serai.endpoint.http;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.proxy.TrustedBalancers;
import io.serai.endpoint.tls.TlsIdentity;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;
import org.jspecify.annotations.Nullable;

/** Take files from partners, and give files to them, by HTTPS. */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "http-server",
        title = "HTTPS Server",
        syntax = "http-server:listener",
        consumerOnly = true,
        category = {Category.FILE, Category.HTTP})
public class HttpServerEndpoint extends DefaultEndpoint {
    @UriPath(description = "The name of the listener, as the ledger and the logs say it.")
    @Metadata(required = true)
    private String listener;

    @UriParam(description = "The address to listen on.", defaultValue = "0.0.0.0")
    private String bindAddress = "0.0.0.0";

    @UriParam(description = "The port to listen on; 0 takes a free one.", defaultValue = "8443")
    private int port = 8443;

    @UriParam(description = "REQUIRED, or OFF behind a proxy of your own that ends TLS.", defaultValue = "REQUIRED")
    private HttpTls tls = HttpTls.REQUIRED;

    @UriParam(
            description = "A file with the PEM certificate chain. Made together with the key when neither file exists.")
    private @Nullable String certificate;

    @UriParam(description = "A file with the PEM private key of the certificate.")
    private @Nullable String privateKey;

    @UriParam(description = "Certificate and key as a bean, in place of the two files.")
    private @Nullable TlsIdentity tlsIdentity;

    @UriParam(
            description =
                    "Host names, separated by commas, that a certificate made on first start is for, besides localhost.")
    private String hostNames = "";

    @UriParam(
            description =
                    "The addresses or networks of the load balancers in front, separated by commas. Then only they may"
                            + " connect, and each connection must begin with a PROXY protocol header of version 2.")
    private String proxyProtocolFrom = "";

    @UriParam(
            description =
                    "Where connections come from that another part of this process hands over; no port is bound then.")
    private String handedOver = "";

    @UriParam(
            description = "Threads that operations on files run on; the number of operations at the same time.",
            defaultValue = "32")
    private int workerThreads = 32;

    @UriParam(description = "Connections at the same time; further ones are closed at once.", defaultValue = "2000")
    private int maxConnections = 2000;

    @UriParam(description = "Requests at the same time; further ones are answered 503.", defaultValue = "512")
    private int maxRequests = 512;

    @UriParam(description = "Logged-in sessions that are kept for following requests.", defaultValue = "4096")
    private int maxSessions = 4096;

    @UriParam(
            description = "A connection without traffic ends after this.",
            defaultValue = "2m",
            javaType = "java.time.Duration")
    private long idleTimeout = 120_000;

    @UriParam(
            description = "A connection must bring each request's head within this time.",
            defaultValue = "30s",
            javaType = "java.time.Duration")
    private long requestTimeout = 30_000;

    @UriParam(
            description = "A session without requests ends after this, or earlier when its account says so.",
            defaultValue = "1m",
            javaType = "java.time.Duration")
    private long sessionIdleTimeout = 60_000;

    @UriParam(
            description = "Credentials are verified again after this.",
            defaultValue = "10m",
            javaType = "java.time.Duration")
    private long sessionMaxAge = 600_000;

    @UriParam(
            description = "On a stop, running transfers have this long to finish before they are broken off.",
            defaultValue = "30s",
            javaType = "java.time.Duration")
    private long drainTimeout = 30_000;

    public HttpServerEndpoint(String uri, HttpServerComponent component, String listener) {
        super(uri, component);
        this.listener = listener;
    }

    @Override
    public Producer createProducer() {
        throw new UnsupportedOperationException("http-server: is where partners come in; use it in from:");
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        HttpServerConsumer consumer = new HttpServerConsumer(this, processor, new PartnerPort(this, processor));
        configureConsumer(consumer);
        return consumer;
    }

    /** What the listener shows; empty when TLS is off. */
    Optional<TlsIdentity> identity() {
        if (tls == HttpTls.OFF) {
            return Optional.empty();
        }
        if (tlsIdentity != null) {
            return Optional.of(tlsIdentity);
        }
        if (certificate == null || privateKey == null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "http-server:" + listener + " needs the options certificate and privateKey, the names of PEM files"
                            + " that are made on first start");
        }
        List<String> names = Arrays.stream(hostNames.split(",", -1))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList();
        return Optional.of(TlsIdentity.loadOrCreate(Path.of(certificate), Path.of(privateKey), names));
    }

    public String getListener() {
        return listener;
    }

    public void setListener(String listener) {
        this.listener = listener;
    }

    public String getBindAddress() {
        return bindAddress;
    }

    public void setBindAddress(String bindAddress) {
        this.bindAddress = bindAddress;
    }

    public int getPort() {
        return port;
    }

    public void setPort(int port) {
        this.port = port;
    }

    public HttpTls getTls() {
        return tls;
    }

    public void setTls(HttpTls tls) {
        this.tls = tls;
    }

    public @Nullable String getCertificate() {
        return certificate;
    }

    public void setCertificate(@Nullable String certificate) {
        this.certificate = certificate;
    }

    public @Nullable String getPrivateKey() {
        return privateKey;
    }

    public void setPrivateKey(@Nullable String privateKey) {
        this.privateKey = privateKey;
    }

    public @Nullable TlsIdentity getTlsIdentity() {
        return tlsIdentity;
    }

    public void setTlsIdentity(@Nullable TlsIdentity tlsIdentity) {
        this.tlsIdentity = tlsIdentity;
    }

    public String getHostNames() {
        return hostNames;
    }

    public void setHostNames(String hostNames) {
        this.hostNames = hostNames;
    }

    public int getWorkerThreads() {
        return workerThreads;
    }

    public void setWorkerThreads(int workerThreads) {
        this.workerThreads = workerThreads;
    }

    public int getMaxConnections() {
        return maxConnections;
    }

    public void setMaxConnections(int maxConnections) {
        this.maxConnections = maxConnections;
    }

    public int getMaxRequests() {
        return maxRequests;
    }

    public void setMaxRequests(int maxRequests) {
        this.maxRequests = maxRequests;
    }

    public int getMaxSessions() {
        return maxSessions;
    }

    public void setMaxSessions(int maxSessions) {
        this.maxSessions = maxSessions;
    }

    public long getIdleTimeout() {
        return idleTimeout;
    }

    public void setIdleTimeout(long idleTimeout) {
        this.idleTimeout = idleTimeout;
    }

    public long getRequestTimeout() {
        return requestTimeout;
    }

    public void setRequestTimeout(long requestTimeout) {
        this.requestTimeout = requestTimeout;
    }

    public long getSessionIdleTimeout() {
        return sessionIdleTimeout;
    }

    public void setSessionIdleTimeout(long sessionIdleTimeout) {
        this.sessionIdleTimeout = sessionIdleTimeout;
    }

    public long getSessionMaxAge() {
        return sessionMaxAge;
    }

    public void setSessionMaxAge(long sessionMaxAge) {
        this.sessionMaxAge = sessionMaxAge;
    }

    public long getDrainTimeout() {
        return drainTimeout;
    }

    public void setDrainTimeout(long drainTimeout) {
        this.drainTimeout = drainTimeout;
    }

    public String getHandedOver() {
        return handedOver;
    }

    public void setHandedOver(String handedOver) {
        this.handedOver = handedOver;
    }

    TrustedBalancers balancers() {
        return TrustedBalancers.parse(proxyProtocolFrom);
    }

    public String getProxyProtocolFrom() {
        return proxyProtocolFrom;
    }

    public void setProxyProtocolFrom(String proxyProtocolFrom) {
        this.proxyProtocolFrom = proxyProtocolFrom;
    }
}
