package io.serai.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void alignsColumnsAndEscapesWhatCouldMoveTheCursor() {
        StringWriter out = new StringWriter();
        new Table("NAME", "SIZE")
                .row("a.csv", "12")
                .row("\u001b[2Jevil\u202e", "3")
                .print(new PrintWriter(out, true));
        assertThat(out.toString().lines())
                .containsExactly("NAME                 SIZE", "a.csv                12", "\\u001b[2Jevil\\u202e  3");
    }

    @Test
    void showsSizesForPeople() {
        assertThat(Sizes.bytes(9_999)).isEqualTo("9999");
        assertThat(Sizes.bytes(10_240)).isEqualTo("10 KiB");
        assertThat(Sizes.bytes(3_000_000)).isEqualTo("2.9 MiB");
        assertThat(Sizes.bytes(2_199_023_255_552L)).isEqualTo("2.0 TiB");
        assertThat(Sizes.time("2026-01-31T08:00:00.123456Z")).isEqualTo("2026-01-31T08:00:00Z");
    }
}
