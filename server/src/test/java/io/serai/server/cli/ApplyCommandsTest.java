package io.serai.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ApplyCommandsTest {
    @Test
    void saysWhichNodesHaveAChange() throws IOException {
        assertThat(printed("route", true, false))
                .contains("In force on a")
                .contains("Not yet on b (not finished by the former routes yet, or no answer; see serai nodes)");
        assertThat(printed("account", true, false)).contains("Not yet on b (no answer; it follows when it is back");
        assertThat(printed("account", true, true)).contains("In force on a, b").doesNotContain("Not yet");
    }

    @Test
    void namesNoNodesWhereNoneHasTheChange() throws IOException {
        assertThat(printed("account", false, false))
                .doesNotContain("In force on")
                .contains("Not yet on a, b (");
    }

    private static String printed(String kind, boolean onA, boolean onB) throws IOException {
        StringWriter out = new StringWriter();
        String answer = """
                {"changes": [{"change": "UPDATED", "kind": "%s", "name": "acme", "fields": []}],
                 "nodes": [{"node": "a", "inForce": %s}, {"node": "b", "inForce": %s}]}""".formatted(kind, onA, onB);
        PrintWriter printer = new PrintWriter(out, true);
        ApplyCommands.printChanges(new ObjectMapper().readTree(answer), printer);
        printer.flush();
        return out.toString();
    }
}
