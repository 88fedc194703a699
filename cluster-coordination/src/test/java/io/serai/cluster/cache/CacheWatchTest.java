package io.serai.cluster.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheWatchTest {
    private final AtomicInteger members = new AtomicInteger(1);
    private final AtomicInteger live = new AtomicInteger(1);
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final CacheWatch watch =
            new CacheWatch(members::get, () -> "as usual", live::get, Duration.ofSeconds(8), now::get);

    private String stateAfter(int seconds) {
        now.updateAndGet(time -> time.plusSeconds(seconds));
        watch.look();
        return watch.state();
    }

    @Test
    void saysWhenNodesAreMissingForLongerThanALease() {
        assertThat(stateAfter(0)).isEqualTo("as usual");
        live.set(3);
        assertThat(stateAfter(4)).isEqualTo("as usual");
        assertThat(stateAfter(4)).isEqualTo("as usual");
        assertThat(stateAfter(5))
                .startsWith("WARNING: members: 1, but 3 nodes live")
                .contains("cache.address");
        members.set(3);
        assertThat(stateAfter(1)).isEqualTo("as usual");
        members.set(2);
        assertThat(stateAfter(1)).isEqualTo("as usual");
        members.set(0);
        assertThat(stateAfter(20)).isEqualTo("as usual");
    }

    @ParameterizedTest
    @CsvSource({
        "jdbc:postgresql://db_main:5432/serai, db_main",
        "jdbc:postgresql://db_main/serai, db_main",
        "'jdbc:postgresql://one:1,two:2/serai?targetServerType=primary', one",
        "jdbc:postgresql://[2001:db8::1]:5432/serai, 2001:db8::1",
        "jdbc:postgresql://10.0.0.7?user=x, 10.0.0.7",
        "jdbc:postgresql:///serai, localhost",
        "jdbc:postgresql:serai, localhost"
    })
    void findsTheHostOfAnyUrl(String url, String host) {
        assertThat(CacheAddress.host(url)).isEqualTo(host);
    }
}
