package io.serai.route.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import io.serai.route.site.connection.LineWatch;
import io.serai.route.site.connection.RemoteEntry;
import io.serai.route.site.connection.RemotePath;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.StopSwitch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sites that misbehave. */
@Timeout(60)
class OddSiteTest {
    private static final Map<String, String> HOSTILE = Map.of(
            "h1", "../../x",
            "h2", "/etc/passwd",
            "h3", "C:\\x",
            "h4", "n".repeat(4096),
            "h5", "line\nbreak",
            "h6", "nul\0byte",
            "h7", "..");

    @TempDir
    Path root;

    @Test
    void hostileNamesAreListedButNeverFetchable() throws IOException {
        Files.writeString(root.resolve("good"), "good");
        for (String name : HOSTILE.keySet()) {
            Files.writeString(root.resolve(name), "hostile");
        }
        List<String> fetchable = new ArrayList<>();
        List<String> listed = new ArrayList<>();
        try (OddSite odd = new OddSite(root, HOSTILE);
                DefaultCamelContext camel = new DefaultCamelContext();
                LineWatch watch = new LineWatch();
                SiteConnections connections = new SiteConnections(camel, watch);
                SiteConnections.Lease lease = connections.take(odd.site(), new StopSwitch())) {
            lease.connection().list("", entry -> {
                if (entry.kind() == RemoteEntry.Kind.FILE) {
                    listed.add(entry.name());
                    if (RemotePath.isFetchable(entry.name())) {
                        fetchable.add(entry.name());
                    }
                }
                return true;
            });
        }
        assertThat(listed).contains("../../x", "/etc/passwd", "C:\\x");
        assertThat(fetchable).containsExactly("good");
    }

    @Test
    void aFullDiskIsTriedAgainAndLeavesNoPart() throws IOException {
        try (OddSite odd = new OddSite(root, Map.of());
                DefaultCamelContext camel = new DefaultCamelContext();
                LineWatch watch = new LineWatch();
                SiteConnections connections = new SiteConnections(camel, watch)) {
            Site site = odd.site();
            InMemoryDeliveries deliveries = new InMemoryDeliveries();
            FileDelivery delivery = new FileDelivery(deliveries, connections);
            byte[] content = new byte[3 << 20];
            odd.space = 1 << 20;
            assertThatThrownBy(() -> delivery.deliver(
                            Parcels.parcel(Parcels.event(1, 1), site, "big", IfExists.REPLACE, content),
                            new StopSwitch()))
                    .satisfies(failure -> assertThat(((SeraiException) failure).code())
                            .as(failure.toString())
                            .isEqualTo(ErrorCode.SITE_FAILED));
            assertThat(names()).isEmpty();
            odd.space = Long.MAX_VALUE;
            delivery.deliver(
                    Parcels.parcel(Parcels.event(1, 2), site, "big", IfExists.REPLACE, content), new StopSwitch());
            assertThat(names()).containsExactly("big");
            assertThat(root.resolve("big")).hasSize(content.length);
        }
    }

    @Test
    void aLoginWithoutAnAnswerIsNoRefusedLogin() throws IOException {
        CountDownLatch end = new CountDownLatch(1);
        try (OddSite odd = new OddSite(root, Map.of());
                DefaultCamelContext camel = new DefaultCamelContext();
                LineWatch watch = new LineWatch();
                SiteConnections connections = new SiteConnections(camel, watch)) {
            odd.beforeLogin = session -> awaitQuietly(end);
            assertRefusedBecause(ErrorCode.SITE_TIMEOUT, connections, odd.site());
            odd.beforeLogin = session -> session.close(true);
            assertRefusedBecause(ErrorCode.SITE_FAILED, connections, odd.site());
        } finally {
            end.countDown();
        }
    }

    private static void assertRefusedBecause(ErrorCode code, SiteConnections connections, Site site) {
        assertThatThrownBy(() -> connections.take(site, new StopSwitch()))
                .isInstanceOfSatisfying(
                        SeraiException.class,
                        failure -> assertThat(failure.code())
                                .as(failure.toString())
                                .isEqualTo(code));
    }

    private static void awaitQuietly(CountDownLatch end) {
        try {
            assertThat(end.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(root)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
