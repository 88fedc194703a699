package io.serai.edge.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.EdgeState;
import io.serai.edge.message.EdgeMessages.Grant;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.EdgeMessages.Offer;
import io.serai.edge.message.EdgeMessages.Outbound;
import io.serai.edge.message.EdgeMessages.ServerPin;
import io.serai.edge.message.EdgeMessages.Servers;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class EdgeMessagesTest {
    private static final Servers SERVERS =
            new Servers(7, List.of(new ServerPin("node-1", "a".repeat(64)), new ServerPin("node-2", "b".repeat(64))));
    private static final EdgeConfig CONFIG = new EdgeConfig(
            "dmz",
            41,
            SERVERS,
            List.of(new Offer("sftp", "sftp", List.of("bindAddress=0.0.0.0", "port=22"))),
            List.of(new IdentityFile("ssh_host_ed25519_key", "hunter2")));

    @Test
    void whatIsWrittenReadsAsTheSame() throws Exception {
        assertThat(Servers.decode(SERVERS.encode())).isEqualTo(SERVERS);
        Grant grant = new Grant("3f0e", "edge1", SERVERS);
        assertThat(Grant.decode(grant.encode())).isEqualTo(grant);
        EdgeState own = new EdgeState("c".repeat(64), 12, "", EdgeState.Routes.OWN);
        assertThat(EdgeState.decode(own.encode())).isEqualTo(own);
        EdgeConfig drained =
                new EdgeConfig("dmz", 41, SERVERS, CONFIG.offers(), CONFIG.identity(), true, Outbound.NOWHERE);
        assertThat(EdgeConfig.decode(drained.encode())).isEqualTo(drained);
        assertThat(drained.digest()).isNotEqualTo(CONFIG.digest());
        EdgeState state = new EdgeState("c".repeat(64), 12, "port 22 is taken");
        assertThat(EdgeState.decode(state.encode())).isEqualTo(state);
        assertThat(EdgeConfig.decode(CONFIG.encode())).isEqualTo(CONFIG);
        assertThat(EdgeConfig.decode(CONFIG.encode()).digest()).isEqualTo(CONFIG.digest());
        EdgeConfig later = new EdgeConfig("dmz", 42, SERVERS, CONFIG.offers(), CONFIG.identity());
        assertThat(later.digest()).isEqualTo(CONFIG.digest());
        EdgeConfig other = new EdgeConfig("dmz", 41, SERVERS, CONFIG.offers(), List.of());
        assertThat(other.digest()).isNotEqualTo(CONFIG.digest());
    }

    @Test
    void whereAnEdgeMayConnectToIsPartOfWhatItHas() throws Exception {
        EdgeConfig open = new EdgeConfig(
                "dmz",
                41,
                SERVERS,
                CONFIG.offers(),
                CONFIG.identity(),
                false,
                new Outbound(List.of("*.bank.example:22"), 600_000));
        assertThat(EdgeConfig.decode(open.encode())).isEqualTo(open);
        assertThat(open.digest()).isNotEqualTo(CONFIG.digest());
        EdgeConfig alone = new EdgeConfig(
                "z",
                1,
                new Servers(7, List.of()),
                List.of(),
                List.of(),
                false,
                new Outbound(List.of("a:1", "b:2"), 300));
        assertThat(HexFormat.of().formatHex(alone.encode()))
                .isEqualTo("0a017a" + "12020807" + "2801" + "3a0d" + "0a03613a31" + "0a03623a32" + "10ac02");
    }

    @Test
    void bytesNeverChange() {
        String pin = "40" + "61".repeat(64);
        assertThat(HexFormat.of()
                        .formatHex(new Grant("c1", "e1", new Servers(7, List.of(new ServerPin("n", "a".repeat(64)))))
                                .encode()))
                .isEqualTo("0a026331" + "12026531" + "1a49" + "0807" + "1245" + "0a016e" + "12" + pin);
    }

    @Test
    void aServerWithoutAProperNameOrPinIsRefused() {
        for (ServerPin wrong : List.of(
                new ServerPin("", "a".repeat(64)),
                new ServerPin("a b", "a".repeat(64)),
                new ServerPin("n\nserver x", "a".repeat(64)),
                new ServerPin("n", "a".repeat(63)),
                new ServerPin("n", "A".repeat(64)))) {
            byte[] bytes = new Servers(1, List.of(wrong)).encode();
            assertThatThrownBy(() -> Servers.decode(bytes)).isInstanceOf(ProtocolViolation.class);
        }
        for (Grant wrong : List.of(
                new Grant("", "e", SERVERS), new Grant("c\nedge x", "e", SERVERS), new Grant("c", "", SERVERS))) {
            byte[] bytes = wrong.encode();
            assertThatThrownBy(() -> Grant.decode(bytes)).isInstanceOf(ProtocolViolation.class);
        }
    }

    @Test
    void keysDoNotShowInTexts() {
        assertThat(CONFIG.toString()).doesNotContain("hunter2");
        assertThat(CONFIG.identity().toString()).doesNotContain("hunter2");
    }
}
