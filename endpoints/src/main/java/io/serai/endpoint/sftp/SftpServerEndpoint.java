package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.proxy.TrustedBalancers;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
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

/**
 * Accept partners by SFTP; each of their operations is an InOut exchange whose body is a
 * {@link io.serai.endpoint.PartnerOperation}.
 */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "sftp-server",
        title = "SFTP Server",
        syntax = "sftp-server:name",
        category = {Category.FILE, Category.NETWORKING},
        consumerOnly = true)
public class SftpServerEndpoint extends DefaultEndpoint {
    @UriPath
    @Metadata(required = true, description = "The name of the listener, as sessions and the ledger show it")
    private final String name;

    @UriParam(defaultValue = "127.0.0.1", description = "The address to bind")
    private String bindAddress = "127.0.0.1";

    @UriParam(defaultValue = "2222", description = "The port to bind; 0 takes a free one")
    private int port = 2222;

    @UriParam(
            description = "The folder of the host keys (ssh_host_*_key); in a folder without any they are made."
                    + " Either this or hostKeySet is needed")
    private @Nullable String hostKeys;

    @UriParam(description = "The host keys as a bean, in place of a folder")
    private @Nullable HostKeys hostKeySet;

    @UriParam(
            description =
                    "The addresses or networks of the load balancers in front, separated by commas. Then only they may"
                            + " connect, and each connection must begin with a PROXY protocol header of version 2")
    private String proxyProtocolFrom = "";

    @UriParam(
            description =
                    "Where connections come from that another part of this process hands over; no port is bound then")
    private String handedOver = "";

    @UriParam(defaultValue = "2000", description = "Connections at one time")
    private int maxSessions = 2000;

    @UriParam(defaultValue = "200", description = "Connections that have not logged in, at one time")
    private int maxUnauthenticated = 200;

    @UriParam(
            defaultValue = "30s",
            javaType = "java.time.Duration",
            description = "The time for key exchange and login, until the answering side's greeting sets another")
    private long loginGrace = 30_000;

    @UriParam(defaultValue = "8388608", description = "Bytes that a client may send ahead on a channel")
    private long windowBytes = 8L << 20;

    @UriParam(defaultValue = "262144", description = "The largest SFTP packet; reads and writes have 1 KiB less")
    private int maxPacketBytes = 256 << 10;

    @UriParam(defaultValue = "100", description = "Open files and folders of a channel")
    private int maxHandles = 100;

    @UriParam(defaultValue = "32", description = "Threads for connections; a login holds one while it is being checked")
    private int ioThreads = 32;

    @UriParam(
            defaultValue = "true",
            description = "Whether clients that know AES-GCM are made to use it, which costs the least CPU")
    private boolean steerCiphers = true;

    public SftpServerEndpoint(String uri, SftpServerComponent component, String name) {
        super(uri, component);
        this.name = name;
    }

    @Override
    public Producer createProducer() {
        throw new UnsupportedOperationException(
                "sftp-server: only accepts; to connect to a partner's server use site:");
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        SftpServerConsumer consumer = new SftpServerConsumer(this, processor);
        configureConsumer(consumer);
        return consumer;
    }

    SshListener.Options options() {
        return new SshListener.Options(
                new InetSocketAddress(bindAddress, port),
                resolvedHostKeys(),
                balancers(),
                maxSessions,
                maxUnauthenticated,
                Duration.ofMillis(loginGrace),
                windowBytes,
                ioThreads,
                steerCiphers ? SshListener.CipherChoice.STEERED : SshListener.CipherChoice.CLIENT,
                new SftpLimits(maxPacketBytes, maxHandles),
                handedOver.isEmpty() ? SshListener.Arrivals.BOUND : SshListener.Arrivals.HANDED_OVER);
    }

    private HostKeys resolvedHostKeys() {
        if (hostKeySet != null) {
            return hostKeySet;
        }
        if (hostKeys == null) {
            throw new SeraiException(
                    ErrorCode.INVALID, "sftp-server:" + name + " needs hostKeys, the folder of its host keys");
        }
        return HostKeys.inFolder(Path.of(hostKeys));
    }

    public String getName() {
        return name;
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

    public @Nullable String getHostKeys() {
        return hostKeys;
    }

    public void setHostKeys(@Nullable String hostKeys) {
        this.hostKeys = hostKeys;
    }

    public @Nullable HostKeys getHostKeySet() {
        return hostKeySet;
    }

    public void setHostKeySet(@Nullable HostKeys hostKeySet) {
        this.hostKeySet = hostKeySet;
    }

    public int getMaxSessions() {
        return maxSessions;
    }

    public void setMaxSessions(int maxSessions) {
        this.maxSessions = maxSessions;
    }

    public int getMaxUnauthenticated() {
        return maxUnauthenticated;
    }

    public void setMaxUnauthenticated(int maxUnauthenticated) {
        this.maxUnauthenticated = maxUnauthenticated;
    }

    public long getLoginGrace() {
        return loginGrace;
    }

    public void setLoginGrace(long loginGrace) {
        this.loginGrace = loginGrace;
    }

    public long getWindowBytes() {
        return windowBytes;
    }

    public void setWindowBytes(long windowBytes) {
        this.windowBytes = windowBytes;
    }

    public int getMaxPacketBytes() {
        return maxPacketBytes;
    }

    public void setMaxPacketBytes(int maxPacketBytes) {
        this.maxPacketBytes = maxPacketBytes;
    }

    public int getMaxHandles() {
        return maxHandles;
    }

    public void setMaxHandles(int maxHandles) {
        this.maxHandles = maxHandles;
    }

    public int getIoThreads() {
        return ioThreads;
    }

    public void setIoThreads(int ioThreads) {
        this.ioThreads = ioThreads;
    }

    public boolean isSteerCiphers() {
        return steerCiphers;
    }

    public void setSteerCiphers(boolean steerCiphers) {
        this.steerCiphers = steerCiphers;
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

    public String getHandedOver() {
        return handedOver;
    }

    public void setHandedOver(String handedOver) {
        this.handedOver = handedOver;
    }
}
