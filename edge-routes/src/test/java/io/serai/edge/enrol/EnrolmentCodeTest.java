package io.serai.edge.enrol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class EnrolmentCodeTest {
    @Test
    void readsWhatItShowsHoweverPeopleTypeIt() {
        for (int i = 0; i < 200; i++) {
            EnrolmentCode code = EnrolmentCode.random();
            String text = code.reveal();
            assertThat(text).matches("([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}");
            for (String typed : new String[] {
                text,
                text.toLowerCase(Locale.ROOT),
                text.replace("-", ""),
                " " + text.replace("-", " - ") + "\n",
                text.replace('0', 'O').replace('1', 'l')
            }) {
                assertThat(EnrolmentCode.parse(typed).reveal()).isEqualTo(text);
            }
        }
    }

    @Test
    void noticesEveryMistypedLetter() {
        String text = EnrolmentCode.random().reveal().replace("-", "");
        for (int i = 0; i < text.length(); i++) {
            char other = text.charAt(i) == 'Z' ? 'Y' : 'Z';
            String typed = text.substring(0, i) + other + text.substring(i + 1);
            assertThatThrownBy(() -> EnrolmentCode.parse(typed))
                    .isInstanceOfSatisfying(
                            SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
        }
        for (String wrong : new String[] {"", "x", text.substring(1), text + "0", text.replaceAll(".", "é")}) {
            assertThatThrownBy(() -> EnrolmentCode.parse(wrong)).isInstanceOf(SeraiException.class);
        }
    }

    @Test
    void doesNotShowItselfByAccident() {
        EnrolmentCode code = EnrolmentCode.random();
        assertThat(code.toString()).doesNotContain(code.reveal().substring(0, 4));
    }
}
