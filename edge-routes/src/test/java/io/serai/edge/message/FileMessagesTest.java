package io.serai.edge.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesOutcome;
import io.serai.edge.message.FileMessages.FilesState;
import io.serai.edge.message.FileMessages.FilesState.Takes;
import io.serai.edge.message.FileMessages.FilesVersion;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FileMessagesTest {
    private static final RouteFiles FILES = new RouteFiles(Map.of("a.yaml", "x", "b.yaml", "y"));
    private static final FilesVersion FIVE = new FilesVersion(5, FILES.digest());

    @Test
    void whatIsWrittenReadsAsTheSame() throws Exception {
        FilesState state = new FilesState(FilesVersion.NONE, FILES.digest(), Takes.WHEN_TOLD, "", FILES);
        assertThat(FilesState.decode(state.encode())).isEqualTo(state);
        FilesState quiet = new FilesState(FIVE, FILES.digest(), Takes.AT_ONCE, "broken", RouteFiles.NONE);
        assertThat(FilesState.decode(quiet.encode())).isEqualTo(quiet);
        FilesState odd = new FilesState(FIVE, FILES.digest(), Takes.AT_ONCE, "\u001b[2Jall is well", RouteFiles.NONE);
        assertThat(FilesState.decode(odd.encode()).problem()).isEqualTo("?[2Jall is well");
        FilesAnswer answer = new FilesAnswer(FilesOutcome.TAKE, FIVE, FILES, "why");
        assertThat(FilesAnswer.decode(answer.encode())).isEqualTo(answer);
    }

    @Test
    void bytesNeverChange() {
        assertThat(HexFormat.of()
                        .formatHex(new FilesAnswer(
                                        FilesOutcome.CONFLICT,
                                        new FilesVersion(3, "a".repeat(64)),
                                        new RouteFiles(Map.of("a.yaml", "x")),
                                        "t")
                                .encode()))
                .isEqualTo("0803" + "1244" + "0803" + "1240" + "61".repeat(64) + "1a0b" + "0a06612e79616d6c" + "120178"
                        + "220174");
        assertThat(FILES.digest()).isEqualTo("f4b4b8108de9841644f6ec0ba573395763c7c3539f7db01b00dcea0b337279bc");
    }

    @Test
    void filesThatAreNotThoseOfTheirDigestAreRefused() {
        RouteFiles other = new RouteFiles(Map.of("a.yaml", "z"));
        byte[] state = new FilesState(FilesVersion.NONE, FILES.digest(), Takes.AT_ONCE, "", other).encode();
        assertThatThrownBy(() -> FilesState.decode(state)).isInstanceOf(ProtocolViolation.class);
        byte[] answer = new FilesAnswer(FilesOutcome.TAKE, FIVE, other, "").encode();
        assertThatThrownBy(() -> FilesAnswer.decode(answer)).isInstanceOf(ProtocolViolation.class);
        byte[] outside = new FieldWriter()
                .number(1, 2)
                .message(3, new FieldWriter().text(1, "../../etc/x.yaml").text(2, "x"))
                .done();
        assertThatThrownBy(() -> FilesAnswer.decode(outside)).isInstanceOf(ProtocolViolation.class);
    }
}
