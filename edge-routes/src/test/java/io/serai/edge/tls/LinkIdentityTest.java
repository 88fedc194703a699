package io.serai.edge.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LinkIdentityTest {
    private final LinkIdentity identity = LinkIdentity.make(LinkRole.EDGE, "edge, 1", InstantSource.system());

    @Test
    void isReadAsItWasWritten() {
        LinkIdentity read = LinkIdentity.fromPem(identity.toPem());
        assertThat(read.pin()).isEqualTo(identity.pin());
        assertThat(read.key()).isEqualTo(identity.key());
        assertThat(read.certificate()).isEqualTo(identity.certificate());
    }

    @Test
    void isForOneRoleAndValidNow() throws Exception {
        assertThat(identity.certificate().getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
        identity.certificate().checkValidity();
        LinkIdentity server = LinkIdentity.make(LinkRole.SERVER, "n", InstantSource.system());
        assertThat(server.certificate().getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    }

    @Test
    void neverPrintsItsKey() {
        assertThat(identity.toString()).isEqualTo("LinkIdentity[" + identity.pin() + "]");
    }

    @Test
    void refusesWhatIsNoKey() {
        String pem = identity.toPem();
        for (String odd :
                new String[] {"", "x", pem.substring(pem.indexOf("-----BEGIN CERT")), pem.replace("MI", "AA")}) {
            assertThatThrownBy(() -> LinkIdentity.fromPem(odd)).isInstanceOf(SeraiException.class);
        }
        assertThatThrownBy(() -> new Pin("ABC")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aPinSpeaksForItsOwnNodeOnly() {
        Pin other =
                LinkIdentity.make(LinkRole.EDGE, "x", InstantSource.system()).pin();
        LinkTrust trust = LinkTrust.of(Map.of("a", Set.of(identity.pin()), "b", Set.of(other)));
        assertThat(trust.knows(identity.pin())).isTrue();
        assertThat(trust.speaksFor(identity.pin(), "a")).isTrue();
        assertThat(trust.speaksFor(identity.pin(), "b")).isFalse();
        assertThat(LinkTrust.of(Map.of()).knows(other)).isFalse();
    }
}
