package io.serai.config.name;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.List;
import org.junit.jupiter.api.Test;

class VirtualPathTest {
    @Test
    void attemptsToLeaveTheHomeStayInIt() {
        for (String attempt : List.of(
                "../../etc/passwd",
                "/../../../etc/passwd",
                "/outbox/../../../../etc/passwd",
                "....//....//etc/passwd",
                "./.././../etc/passwd",
                "//etc//passwd",
                "/./etc/./passwd",
                "a/b/c/../../../../../etc/passwd")) {
            VirtualPath path = VirtualPath.parse(attempt);
            assertThat(path.segments()).doesNotContain("..", ".", "");
            assertThat(path.toString()).startsWith("/");
        }
        assertThat(VirtualPath.parse("/../../../etc/passwd")).hasToString("/etc/passwd");
        assertThat(VirtualPath.parse("..")).isEqualTo(VirtualPath.ROOT);
    }

    /** What looks dangerous to somebody else's decoder is an ordinary name here, and stays one. */
    @Test
    void decodesNothing() {
        for (String name : List.of("%2e%2e%2f", "..;", "...", "%00", "~", "$HOME", "C:", "..%c0%af", "．．")) {
            assertThat(VirtualPath.parse("/in/" + name).segments()).containsExactly("in", name);
        }
    }

    @Test
    void refusesWhatCouldBeReadInAnotherWay() {
        for (String hostile : List.of(
                "a\0.txt",
                "..\\..\\etc",
                "C:\\x",
                "\\\\host\\share",
                "a\nb",
                "a\rb",
                "\u007f",
                "a\u0085b",
                "a\u2028b",
                "gnp\u202efdp.exe",
                "a\u2066b",
                "\ud800",
                "x".repeat(256),
                "ä".repeat(128),
                "a/".repeat(3000),
                "/".repeat(20_000))) {
            assertThatThrownBy(() -> VirtualPath.parse(hostile))
                    .isInstanceOfSatisfying(
                            SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_INVALID));
        }
    }

    @Test
    void relativeNamesAreTakenFromTheFolder() {
        VirtualPath folder = VirtualPath.parse("/outbox/2026");
        assertThat(folder.resolve("a.csv")).hasToString("/outbox/2026/a.csv");
        assertThat(folder.resolve("../a.csv")).hasToString("/outbox/a.csv");
        assertThat(folder.resolve("/a.csv")).hasToString("/a.csv");
        assertThat(folder.resolve("")).isEqualTo(folder);
    }

    @Test
    void beingWithinIsDecidedBySegments() {
        assertThat(VirtualPath.parse("/share2/x").isWithin(VirtualPath.parse("/share")))
                .isFalse();
        assertThat(VirtualPath.parse("/share/x").isWithin(VirtualPath.parse("/share")))
                .isTrue();
        assertThat(VirtualPath.parse("/share").isWithin(VirtualPath.parse("/share")))
                .isTrue();
        assertThat(VirtualPath.parse("/share").isWithin(VirtualPath.ROOT)).isTrue();
        assertThat(VirtualPath.parse("/share").isWithin(VirtualPath.parse("/share/x")))
                .isFalse();
    }

    @Test
    void composedAndDecomposedNamesAreOneFile() {
        assertThat(VirtualPath.parse("/cafe\u0301")).isEqualTo(VirtualPath.parse("/caf\u00e9"));
    }

    @Test
    void aChildIsOneName() {
        for (String name : List.of("", ".", "..", "a/b", "a\\b", "cafe\u0301")) {
            assertThatThrownBy(() -> VirtualPath.ROOT.child(name)).isInstanceOf(SeraiException.class);
        }
    }

    @Test
    void messagesEscapeWhatThePartnerSent() {
        assertThatThrownBy(() -> VirtualPath.parse("a\u001b[31m\nb")).message().doesNotContain("\u001b", "\n");
    }
}
