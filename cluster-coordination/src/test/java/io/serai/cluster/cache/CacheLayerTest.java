package io.serai.cluster.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.Route;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretBox;
import io.serai.config.secret.SecretText;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jgroups.Event;
import org.jgroups.JChannel;
import org.jgroups.protocols.DISCARD;
import org.jgroups.protocols.TP;
import org.jgroups.stack.IpAddress;
import org.jgroups.stack.ProtocolStack;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class CacheLayerTest {
    private static final CacheIdentity KEY = CacheIdentity.of(CacheIdentity.make());

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final List<AutoCloseable> started = new ArrayList<>();

    @BeforeEach
    void clear() {
        DATABASE.truncate("cache_member", "config_object", "config_history");
    }

    @AfterEach
    void stopAll() throws Exception {
        for (AutoCloseable each : started) {
            each.close();
        }
    }

    private CacheLayer layer(String node, CacheIdentity key) {
        CacheLayer layer = CacheLayer.start(
                new CacheSettings(
                        Optional.of(new CacheSettings.Group("test", Optional.of("127.0.0.1"), 0)),
                        Duration.ofMinutes(1),
                        1000,
                        Duration.ofMinutes(5)),
                new NodeName(node),
                key,
                DATABASE.database());
        started.add(0, layer);
        return layer;
    }

    private JdbcObjectStore store() {
        JdbcObjectStore store = new JdbcObjectStore(
                DATABASE.database(),
                new ObjectJson(SecretBox.openOrCreate(folder.resolve("secrets.key"))),
                object -> Set.of());
        store.start();
        started.add(0, store);
        return store;
    }

    @Test
    void nodesFindOneAnotherThroughTheDatabaseAndShareTheCachesOfRoutes() {
        CacheLayer one = layer("one", KEY);
        CacheLayer two = layer("two", KEY);

        await().atMost(Duration.ofSeconds(20)).until(() -> one.members() == 2 && two.members() == 2);
        one.forRoutes().orElseThrow().getCache("duplicates").put("invoice-1", true);
        assertThat(two.forRoutes().orElseThrow().getCache("duplicates").putIfAbsent("invoice-1", true))
                .isEqualTo(true);
        assertThat(one.state()).isEqualTo("members: 2");
    }

    @Test
    void whoHasAnotherKeyStaysOutsideAndDelaysNobody() {
        CacheLayer one = layer("one", KEY);
        one.forRoutes().orElseThrow().getCache("duplicates").put("invoice-1", true);
        CacheLayer stranger = layer("two", CacheIdentity.of(CacheIdentity.make()));

        CacheLayer late = layer("three", KEY);
        await().atMost(Duration.ofSeconds(20)).until(() -> one.members() == 2 && late.members() == 2);
        assertThat(late.forRoutes().orElseThrow().getCache("duplicates").get("invoice-1"))
                .isEqualTo(true);
        assertThat(stranger.members()).isEqualTo(1);
        assertThat(stranger.forRoutes().orElseThrow().getCache("duplicates").get("invoice-1"))
                .isNull();
    }

    @Test
    void connectionsAreTakenFromThoseWithTheSameKeyAlone() throws Exception {
        CacheLayer one = layer("one", KEY);

        assertThat(listen(one, KEY))
                .as("it waits for who has the key to say who it is, and closes")
                .isEqualTo(-1);
        assertThatThrownBy(() -> listen(one, CacheIdentity.of(CacheIdentity.make())))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("certificate");
    }

    /** Connects to a layer, says nothing, and reads a byte of what it says; -1 for an orderly end. */
    private static int listen(CacheLayer layer, CacheIdentity own) throws Exception {
        JChannel channel = layer.channel().orElseThrow();
        IpAddress address = (IpAddress) channel.down(new Event(Event.GET_PHYSICAL_ADDRESS, channel.getAddress()));
        try (Socket socket =
                own.contextTrusting(KEY).getSocketFactory().createSocket(address.getIpAddress(), address.getPort())) {
            socket.setSoTimeout(10_000);
            return socket.getInputStream().read();
        }
    }

    @Test
    void aPasswordVerifiedOnOneNodeIsKnownOnTheOther() {
        CacheLayer one = layer("one", KEY);
        CacheLayer two = layer("two", KEY);
        await().atMost(Duration.ofSeconds(20)).until(() -> one.members() == 2 && two.members() == 2);
        PasswordHasher hasher = new PasswordHasher();
        hasher.remembering(one.verifiedPasswords().orElseThrow());
        VerifiedPasswords other = two.verifiedPasswords().orElseThrow();
        SecretText password = new SecretText("correct horse");
        PasswordHash hash = hasher.hash(password);

        assertThat(other.isKnown(password, hash)).isFalse();
        assertThat(hasher.verify(new SecretText("wrong"), hash)).isFalse();
        assertThat(hasher.verify(password, hash)).isTrue();

        await().atMost(Duration.ofSeconds(5)).until(() -> other.isKnown(password, hash));
        assertThat(other.isKnown(new SecretText("wrong"), hash)).isFalse();
        assertThat(other.isKnown(password, hasher.hash(password)))
                .as("another hash of the same password")
                .isFalse();
    }

    @Test
    void routesDoNotGetTheServersOwnCaches() {
        CacheLayer one = layer("one", KEY);
        assertThatThrownBy(() -> one.forRoutes().orElseThrow().getCache(CacheLayer.LOGINS))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("the server's own");
        assertThatThrownBy(() -> one.forRoutes().orElseThrow().stop()).isInstanceOf(SeraiException.class);
    }

    @Test
    void aChangeArrivesInUnderASecondThoughTheGroupIsSplit() throws Exception {
        CacheLayer one = layer("one", KEY);
        CacheLayer two = layer("two", KEY);
        JdbcObjectStore a = store();
        JdbcObjectStore b = store();
        one.carryHints(a);
        two.carryHints(b);
        await().atMost(Duration.ofSeconds(20)).until(() -> one.members() == 2 && two.members() == 2);
        a.change(List.of(route("before")), List.of(), "ada");
        await().atMost(Duration.ofSeconds(1))
                .until(() -> b.find(Route.class, "claims").isPresent());

        discard(one.channel().orElseThrow());
        discard(two.channel().orElseThrow());
        for (int i = 0; i < 10; i++) {
            String text = "split " + i;
            a.change(List.of(route(text)), List.of(), "ada");
            await().pollInterval(Duration.ofMillis(10))
                    .atMost(Duration.ofSeconds(1))
                    .until(() -> b.find(Route.class, "claims")
                            .filter(route -> route.source().equals(text))
                            .isPresent());
        }
    }

    @Test
    void aLayerThatCannotStartSaysSoAndStopsNothing() {
        CacheLayer broken = CacheLayer.start(
                new CacheSettings(
                        Optional.of(new CacheSettings.Group("test", Optional.of("192.0.2.1"), 0)),
                        Duration.ofMinutes(1),
                        1000,
                        Duration.ofMinutes(5)),
                new NodeName("one"),
                KEY,
                DATABASE.database());

        assertThat(broken.isUp()).isFalse();
        assertThat(broken.state()).contains("did not start");
        assertThat(broken.forRoutes()).isEmpty();
        assertThat(broken.verifiedPasswords()).isEmpty();
        broken.close();
    }

    @Test
    void aNodeByItselfHasLocalCaches() {
        CacheLayer local = CacheLayer.start(
                new CacheSettings(Optional.empty(), Duration.ofMinutes(1), 1000, Duration.ofMinutes(5)),
                new NodeName("one"),
                KEY,
                DATABASE.database());
        started.add(local);
        assertThat(local.state()).isEqualTo("local");
        assertThat(local.members()).isEqualTo(1);
        assertThat(local.channel()).isEmpty();
        PasswordHasher hasher = new PasswordHasher();
        hasher.remembering(local.verifiedPasswords().orElseThrow());
        SecretText password = new SecretText("correct horse");
        PasswordHash hash = hasher.hash(password);
        assertThat(hasher.verify(password, hash)).isTrue();
        assertThat(local.verifiedPasswords().orElseThrow().isKnown(password, hash))
                .isTrue();
        assertThat(local.statistics()).as("no Infinispan yet").containsOnlyKeys(CacheLayer.LOGINS);
        local.forRoutes().orElseThrow().getCache("duplicates").put("x", true);
        assertThat(local.statistics()).containsKey("duplicates");
        local.close();
        assertThat(local.state()).isEqualTo("stopped");
        assertThatThrownBy(() -> local.forRoutes().orElseThrow().getCache("duplicates"))
                .hasMessageContaining("stopped with their node");
    }

    private static void discard(JChannel channel) throws Exception {
        DISCARD discard = new DISCARD().discardAll(true);
        channel.getProtocolStack().insertProtocol(discard, ProtocolStack.Position.ABOVE, TP.class);
    }

    private static Route route(String source) {
        return new Route(new RouteId("claims"), Route.Dsl.YAML, source);
    }
}
