package io.serai.route.arrival;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.storage.Receiving.Received;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.FileId;
import io.serai.config.name.RouteId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.route.SafeFileName;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SubscriptionsTest {
    private static final AccountName ACME = new AccountName("acme");

    private static ArrivalSubscription subscription(
            String folder, List<String> include, List<String> exclude, boolean recursive) {
        return new ArrivalSubscription(
                new RouteId("r"), Optional.of(ACME), VirtualPath.parse(folder), include, exclude, recursive, 5);
    }

    private static boolean matches(ArrivalSubscription subscription, String path) {
        return subscription.matches(ACME, VirtualPath.parse(path));
    }

    @Test
    void comparesFoldersBySegments() {
        ArrivalSubscription flat = subscription("/share", List.of(), List.of(), false);
        assertThat(matches(flat, "/share/a")).isTrue();
        assertThat(matches(flat, "/share2/a")).isFalse();
        assertThat(matches(flat, "/share/sub/a")).isFalse();
        assertThat(matches(flat, "/share")).isFalse();
        assertThat(matches(subscription("/share", List.of(), List.of(), true), "/share/sub/a"))
                .isTrue();
        assertThat(flat.matches(new AccountName("other"), VirtualPath.parse("/share/a")))
                .isFalse();
    }

    @Test
    void matchesPatternsWithCase() {
        ArrivalSubscription csv = subscription("/in", List.of("*.csv", "?.txt"), List.of("tmp*"), true);
        assertThat(matches(csv, "/in/a.csv")).isTrue();
        assertThat(matches(csv, "/in/deep/a.csv")).isTrue();
        assertThat(matches(csv, "/in/A.CSV")).isFalse();
        assertThat(matches(csv, "/in/b.txt")).isTrue();
        assertThat(matches(csv, "/in/bb.txt")).isFalse();
        assertThat(matches(csv, "/in/tmp1.csv")).isFalse();
        assertThat(matches(subscription("/in", List.of("new/**/*.csv"), List.of(), true), "/in/new/x/y/a.csv"))
                .isTrue();
        assertThat(matches(subscription("/in", List.of("new/*.csv"), List.of(), true), "/in/old/a.csv"))
                .isFalse();
    }

    @Test
    void refusesArrivalsUntilTheRoutesAreKnown() {
        Received received = new Received(
                TransferId.random(),
                FileId.random(),
                Optional.of(ACME),
                Optional.empty(),
                Optional.empty(),
                "/in/a",
                1,
                "00",
                "v");
        Subscriptions subscriptions = new Subscriptions();
        assertThatThrownBy(() -> subscriptions.eventsFor(received)).isInstanceOf(SeraiException.class);
        subscriptions.replace(List.of(subscription("/in", List.of(), List.of(), false)));
        assertThat(subscriptions.eventsFor(received))
                .singleElement()
                .satisfies(event -> assertThat(event.fairShare()).isEqualTo("acme"));
    }

    @Test
    void fileNamesAreOneSafeSegment() {
        assertThat(SafeFileName.of("/a/b/c.txt")).isEqualTo("c.txt");
        assertThat(SafeFileName.of("..\\..\\evil.exe")).isEqualTo("evil.exe");
        assertThat(SafeFileName.of("/a/..")).isEqualTo("__");
        assertThat(SafeFileName.of("x\u0000y\nz\u202e")).isEqualTo("x_y_z_");
        assertThat(SafeFileName.of("/")).isEqualTo("file");
        assertThat(SafeFileName.of("n".repeat(5000))).hasSize(200);
    }
}
