package io.serai.edge.ticket;

import io.serai.config.name.SessionId;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.SessionTicket;
import io.serai.edge.tls.Pin;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals tickets with a key that all servers of a cluster have and no edge has (AES-256-GCM). A ticket is good for one session, over
 * a link to the edge whose key it was made for, for a partner at the same address, until it expires. That a session has not ended
 * meanwhile is not said by the ticket: its register is asked. Safe for several threads.
 */
public final class SessionTickets {
    /** How long a key is. */
    public static final int KEY_BYTES = 32;

    private static final byte FORMAT = 1;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final String DOMAIN = "serai-session-ticket/1";

    private final SecretKeySpec key;
    private final Duration valid;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();

    /**
     * @param key of the cluster
     * @param valid how long a ticket is good
     */
    public SessionTickets(byte[] key, Duration valid, InstantSource clock) {
        if (key.length != KEY_BYTES) {
            throw new IllegalArgumentException("A key of " + KEY_BYTES + " bytes");
        }
        this.key = new SecretKeySpec(key, "AES");
        this.valid = valid;
        this.clock = clock;
    }

    /**
     * What a ticket is bound to, besides what it says.
     *
     * @param edge the name of the edge
     * @param pin the key by which that has shown itself
     * @param client the partner's address, as the edge says it
     */
    public record Bound(String edge, Pin pin, SessionId session, InetAddress client) {
        private byte[] bytes() {
            String text = DOMAIN + '\n' + edge + '\n' + pin.hex() + '\n' + session + '\n' + client.getHostAddress();
            return text.getBytes(StandardCharsets.UTF_8);
        }
    }

    /** When a ticket of a login that happens now expires. */
    public Instant until() {
        return clock.instant().plus(valid);
    }

    /** A ticket that is good as long as it says. */
    public byte[] seal(Bound bound, SessionTicket what) {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce, bound).doFinal(what.encode());
            return ByteBuffer.allocate(1 + nonce.length + sealed.length)
                    .put(FORMAT)
                    .put(nonce)
                    .put(sealed)
                    .array();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has AES-GCM", e);
        }
    }

    /** Whether it is too late to take a session over by what this says. */
    public boolean isExpired(SessionTicket said) {
        return !said.until().isAfter(clock.instant());
    }

    /**
     * What a ticket says; empty when it is none of this cluster or is bound to something else. It may have expired, which is nobody's
     * fault: {@link #isExpired} is to be asked.
     */
    public Optional<SessionTicket> open(Bound bound, byte[] ticket) {
        if (ticket.length < 1 + NONCE_BYTES + TAG_BITS / 8 || ticket[0] != FORMAT) {
            return Optional.empty();
        }
        byte[] nonce = Arrays.copyOfRange(ticket, 1, 1 + NONCE_BYTES);
        try {
            byte[] plain = cipher(Cipher.DECRYPT_MODE, nonce, bound)
                    .doFinal(ticket, 1 + NONCE_BYTES, ticket.length - 1 - NONCE_BYTES);
            return Optional.of(SessionTicket.decode(plain));
        } catch (AEADBadTagException | ProtocolViolation e) {
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has AES-GCM", e);
        }
    }

    private Cipher cipher(int mode, byte[] nonce, Bound bound) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(bound.bytes());
        return cipher;
    }
}
