package io.serai.edge.ticket;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import io.serai.edge.message.SessionTicket;
import io.serai.edge.ticket.SessionTickets.Bound;
import io.serai.edge.tls.Pin;
import io.serai.endpoint.PartnerOperation.Origin;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SessionTicketsTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");
    private static final Origin ORIGIN = new Origin(
            Protocol.FTPS,
            "ftps-dmz",
            new InetSocketAddress("203.0.113.9", 4711),
            new InetSocketAddress("192.0.2.1", 21),
            Optional.of("a client"));
    private static final SessionTicket WHAT = new SessionTicket(
            ORIGIN, new AccountName("acme"), "mark of its credentials", NOON.plus(Duration.ofHours(24)));

    private final AtomicReference<Instant> now = new AtomicReference<>(NOON);
    private final SessionTickets tickets = of(1);
    private final Bound bound =
            new Bound("edge-1", pin('a'), SessionId.random(), ORIGIN.client().getAddress());

    private SessionTickets of(int key) {
        byte[] bytes = new byte[SessionTickets.KEY_BYTES];
        bytes[7] = (byte) key;
        return new SessionTickets(bytes, Duration.ofHours(24), now::get);
    }

    private static Pin pin(char digit) {
        return new Pin(String.valueOf(digit).repeat(64));
    }

    @Test
    void aTicketOfALoginIsGoodFromNowOn() {
        assertThat(tickets.until()).isEqualTo(NOON.plus(Duration.ofHours(24)));
    }

    @Test
    void anotherServerReadsWhatOneHasSaid() {
        byte[] ticket = tickets.seal(bound, WHAT);
        assertThat(of(1).open(bound, ticket))
                .contains(
                        new SessionTicket(ORIGIN, WHAT.account(), WHAT.credentials(), NOON.plus(Duration.ofHours(24))));
    }

    @Test
    void itIsGoodForOneEdgeOneKeyOneSessionAndOneAddress() throws Exception {
        byte[] ticket = tickets.seal(bound, WHAT);
        InetAddress client = bound.client();
        assertThat(tickets.open(new Bound("edge-2", bound.pin(), bound.session(), client), ticket))
                .isEmpty();
        assertThat(tickets.open(new Bound("edge-1", pin('b'), bound.session(), client), ticket))
                .isEmpty();
        assertThat(tickets.open(new Bound("edge-1", bound.pin(), SessionId.random(), client), ticket))
                .isEmpty();
        InetAddress other = InetAddress.getByName("203.0.113.10");
        assertThat(tickets.open(new Bound("edge-1", bound.pin(), bound.session(), other), ticket))
                .isEmpty();
        assertThat(of(2).open(bound, ticket)).as("another cluster").isEmpty();
    }

    @Test
    void itExpires() {
        byte[] ticket = tickets.seal(bound, WHAT);
        now.set(NOON.plus(Duration.ofHours(24)).minusMillis(1));
        assertThat(tickets.isExpired(tickets.open(bound, ticket).orElseThrow())).isFalse();
        now.set(NOON.plus(Duration.ofHours(24)));
        assertThat(tickets.isExpired(tickets.open(bound, ticket).orElseThrow()))
                .as("old, but none that somebody made up")
                .isTrue();
    }

    @Test
    void noByteOfItCanBeChangedOrLeftOut() {
        byte[] ticket = tickets.seal(bound, WHAT);
        for (int i = 0; i < ticket.length; i++) {
            byte[] changed = ticket.clone();
            changed[i] ^= 1;
            assertThat(tickets.open(bound, changed)).as("byte %d", i).isEmpty();
            assertThat(tickets.open(bound, java.util.Arrays.copyOf(ticket, i)))
                    .as("cut at %d", i)
                    .isEmpty();
        }
    }

    @Test
    void anEdgeReadsNothingInItAndNoTwoAreTheSame() {
        byte[] ticket = tickets.seal(bound, WHAT);
        assertThat(new String(ticket, StandardCharsets.ISO_8859_1)).doesNotContain("acme", "credentials", "ftps");
        assertThat(tickets.seal(bound, WHAT)).isNotEqualTo(ticket);
    }
}
