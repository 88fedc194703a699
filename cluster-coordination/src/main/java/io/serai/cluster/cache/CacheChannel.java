package io.serai.cluster.cache;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.infinispan.remoting.transport.jgroups.JGroupsChannelConfigurator;
import org.jgroups.JChannel;
import org.jgroups.conf.ProtocolConfiguration;
import org.jgroups.conf.XmlConfigurator;
import org.jgroups.protocols.JDBC_PING2;
import org.jgroups.protocols.TCP;
import org.jgroups.stack.Configurator;
import org.jgroups.stack.Protocol;
import org.jgroups.stack.ProtocolStack;
import org.jgroups.util.SocketFactory;
import org.jgroups.util.TLSClientAuth;

/**
 * The channel between the caches of nodes: TCP inside TLS 1.3, both ends proving that they have the cluster's
 * {@link CacheIdentity}, the others found through the shared database. Who lacks the identity can neither join nor read
 * nor send. (JGroups' own encryption of messages leaves their headers, and messages without a body, unauthenticated.)
 */
final class CacheChannel implements JGroupsChannelConfigurator {
    private static final String STACK = "jgroups-tcp.xml";
    private static final int PORT_RANGE = 20;

    private final CacheSettings.Group group;
    private final CacheIdentity identity;
    private final Database database;

    CacheChannel(CacheSettings.Group group, CacheIdentity identity, Database database) {
        this.group = group;
        this.identity = identity;
        this.database = database;
    }

    @Override
    public String getName() {
        return STACK;
    }

    @Override
    public String getProtocolStackString() {
        return STACK;
    }

    @Override
    public List<ProtocolConfiguration> getProtocolStack() {
        return List.of();
    }

    @Override
    public void setSocketFactory(SocketFactory socketFactory) {
        // The channel's sockets are those of its TLS.
    }

    @Override
    public void setDataSource(DataSource dataSource) {
        // The database is known already.
    }

    /** Makes the channel; Infinispan connects and closes it. */
    @Override
    public JChannel createChannel(String name) {
        try (InputStream stack = CacheChannel.class.getResourceAsStream(STACK)) {
            List<Protocol> protocols = Configurator.createProtocolsAndInitializeAttrs(
                    XmlConfigurator.getInstance(stack).getProtocolStack(), new ProtocolStack());
            for (Protocol protocol : protocols) {
                if (protocol instanceof TCP transport) {
                    transport.setBindAddress(address());
                    transport.setBindPort(group.port());
                    transport.setPortRange(PORT_RANGE);
                    advertise(transport);
                    transport
                            .tls()
                            .enabled(true)
                            .setSSLContext(identity.context())
                            .setProtocols(new String[] {"TLSv1.3"})
                            .setClientAuth(TLSClientAuth.NEED);
                } else if (protocol instanceof JDBC_PING2 discovery) {
                    discoverBy(discovery);
                }
            }
            return new JChannel(protocols);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.DEFECT, "The stack of the cache's channel cannot be read", e);
        } catch (SeraiException e) {
            throw e;
        } catch (Exception e) { // what JGroups declares
            throw new SeraiException(ErrorCode.INVALID, "The cache's channel cannot be made: " + e.getMessage(), e);
        }
    }

    /** JGroups takes an external port together with an external address only. */
    private void advertise(TCP transport) throws UnknownHostException {
        Optional<String> other = group.advertisedAddress();
        if (other.isPresent() || group.advertisedPort() > 0) {
            transport.setExternalAddr(other.isPresent() ? InetAddress.getByName(other.get()) : address());
            transport.setExternalPort(group.advertisedPort());
        }
    }

    private void discoverBy(JDBC_PING2 discovery) {
        discovery
                .setDataSource(database.dataSource())
                .setInitializeSql(null)
                .setInsertSingleSql("insert into cache_member (address, name, cluster, ip, coord)"
                        + " values (?, ?, ?, ?, ?) on conflict (address) do update"
                        + " set name = excluded.name, ip = excluded.ip, coord = excluded.coord")
                .setDeleteSingleSql("delete from cache_member where address = ?")
                .setClearSql("delete from cache_member where cluster = ?")
                .setSelectAllPingdataSql("select address, name, ip, coord from cache_member where cluster = ?");
    }

    private InetAddress address() throws UnknownHostException {
        return group.address().isPresent()
                ? InetAddress.getByName(group.address().get())
                : CacheAddress.towards(database.settings().url());
    }
}
