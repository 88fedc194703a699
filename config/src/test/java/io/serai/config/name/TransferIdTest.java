package io.serai.config.name;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TransferIdTest {
    private static final SessionId SESSION = new SessionId(new UUID(1, 2));

    /** Servers and edges of different versions reckon it. */
    @Test
    void bothEndsOfALinkReckonTheSameId() {
        assertThat(TransferId.of(SESSION, new UUID(3, 4), new UUID(5, 6)))
                .hasToString("10db250e-80be-8872-83e7-43792344396f");
    }

    @Test
    void nothingOfItCanBeChosen() {
        Set<TransferId> ids = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            ids.add(TransferId.of(SESSION, new UUID(0, i), new UUID(0, 0)));
            ids.add(TransferId.of(SESSION, new UUID(0, 0), new UUID(0, i)));
            ids.add(TransferId.of(new SessionId(new UUID(0, i)), new UUID(0, 0), new UUID(0, 0)));
        }
        assertThat(ids).hasSize(2_999);
        assertThat(ids).allMatch(id -> id.value().version() == 8 && id.value().variant() == 2);
    }
}
