package io.serai.server.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EscapedMessageTest {
    @Test
    void keepsOutsideTextOnItsLine() {
        assertThat(EscapedMessage.escape("login of bob\n2026-01-01 INFO all is well\u001b[0m"))
                .isEqualTo("login of bob | 2026-01-01 INFO all is well\\u001b[0m");
    }
}
