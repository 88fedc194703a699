package io.serai.endpoint.ftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.proxy.TrustedBalancers;
import io.serai.endpoint.tls.TlsIdentity;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
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

/** Take files from partners, and give files to them, by FTPS. */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "ftp-server",
        title = "FTPS Server",
        syntax = "ftp-server:listener",
        consumerOnly = true,
        category = {Category.FILE})
public class FtpServerEndpoint extends DefaultEndpoint {
    @UriPath(description = "The name of the listener, as the ledger and the logs say it.")
    @Metadata(required = true)
    private String listener;

    @UriParam(description = "The address to listen on.", defaultValue = "0.0.0.0")
    private String bindAddress = "0.0.0.0";

    @UriParam(description = "The port to listen on; 0 takes a free one.", defaultValue = "2121")
    private int port = 2121;

    @UriParam(
            description =
                    "EXPLICIT (AUTH TLS before the login), IMPLICIT (TLS from the first byte) or, for tests only, OPTIONAL.",
            defaultValue = "EXPLICIT")
    private FtpTls tls = FtpTls.EXPLICIT;

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

    @UriParam(description = "Ports for data connections, as in 50000-50999; without it, any free port.")
    private String passivePorts = "";

    @UriParam(
            description =
                    "The IPv4 address that clients are told for data connections, when it differs from the one they reached.")
    private String passiveAddress = "";

    @UriParam(
            description =
                    "The addresses or networks of the load balancers in front, separated by commas. Then only they may"
                            + " connect, and each connection must begin with a PROXY protocol header of version 2.")
    private String proxyProtocolFrom = "";

    @UriParam(description = "Threads that commands run on.", defaultValue = "32")
    private int commandThreads = 32;

    @UriParam(
            description =
                    "Transfers and listings at the same time, each with a thread; further ones are refused for the moment.",
            defaultValue = "200")
    private int maxTransfers = 200;

    @UriParam(
            description = "Control connections at the same time; further ones are closed at once.",
            defaultValue = "2000")
    private int maxConnections = 2000;

    @UriParam(
            description = "A control connection without commands ends after this, or earlier when the account says so.",
            defaultValue = "5m",
            javaType = "java.time.Duration")
    private long idleTimeout = 300_000;

    @UriParam(
            description = "A data connection that does not come or does not move ends after this.",
            defaultValue = "1m",
            javaType = "java.time.Duration")
    private long dataTimeout = 60_000;

    @UriParam(
            description = "On a stop, running transfers have this long to finish before they are broken off.",
            defaultValue = "30s",
            javaType = "java.time.Duration")
    private long drainTimeout = 30_000;

    public FtpServerEndpoint(String uri, FtpServerComponent component, String listener) {
        super(uri, component);
        this.listener = listener;
    }

    @Override
    public Producer createProducer() {
        throw new UnsupportedOperationException("ftp-server: is where partners come in; use it in from:");
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        FtpServerConsumer consumer = new FtpServerConsumer(this, processor, new PartnerPort(this, processor));
        configureConsumer(consumer);
        return consumer;
    }

    TlsIdentity identity() {
        if (tlsIdentity != null) {
            return tlsIdentity;
        }
        if (certificate == null || privateKey == null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "ftp-server:" + listener + " needs the options certificate and privateKey, the names of PEM files"
                            + " that are made on first start");
        }
        List<String> names = Arrays.stream(hostNames.split(",", -1))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList();
        return TlsIdentity.loadOrCreate(Path.of(certificate), Path.of(privateKey), names);
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

    public FtpTls getTls() {
        return tls;
    }

    public void setTls(FtpTls tls) {
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

    public String getPassivePorts() {
        return passivePorts;
    }

    public void setPassivePorts(String passivePorts) {
        this.passivePorts = passivePorts;
    }

    public String getPassiveAddress() {
        return passiveAddress;
    }

    public void setPassiveAddress(String passiveAddress) {
        this.passiveAddress = passiveAddress;
    }

    public int getCommandThreads() {
        return commandThreads;
    }

    public void setCommandThreads(int commandThreads) {
        this.commandThreads = commandThreads;
    }

    public int getMaxTransfers() {
        return maxTransfers;
    }

    public void setMaxTransfers(int maxTransfers) {
        this.maxTransfers = maxTransfers;
    }

    public int getMaxConnections() {
        return maxConnections;
    }

    public void setMaxConnections(int maxConnections) {
        this.maxConnections = maxConnections;
    }

    public long getIdleTimeout() {
        return idleTimeout;
    }

    public void setIdleTimeout(long idleTimeout) {
        this.idleTimeout = idleTimeout;
    }

    public long getDataTimeout() {
        return dataTimeout;
    }

    public void setDataTimeout(long dataTimeout) {
        this.dataTimeout = dataTimeout;
    }

    public long getDrainTimeout() {
        return drainTimeout;
    }

    public void setDrainTimeout(long drainTimeout) {
        this.drainTimeout = drainTimeout;
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
