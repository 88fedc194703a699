package io.serai.edge.link;

import io.serai.edge.message.LinkMessages.Bye;
import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.tls.LinkTrust;
import io.serai.edge.tls.Pin;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What must be true of a HELLO, whichever side looks at it. */
final class HelloCheck {
    private static final Logger LOG = LoggerFactory.getLogger(HelloCheck.class);
    private static final Duration SKEW_WARN = Duration.ofSeconds(60);
    private static final Duration SKEW_MOST = Duration.ofMinutes(5);

    private final LinkNode self;
    private final LinkTrust trust;
    private final InstantSource clock;

    HelloCheck(LinkNode self, LinkTrust trust, InstantSource clock) {
        this.self = self;
        this.trust = trust;
        this.clock = clock;
    }

    /** Why the peer is refused; empty if it is welcome. */
    Optional<Bye> refusal(Hello hello, Pin pin) {
        if (!trust.speaksFor(pin, hello.node())) {
            return refuse(ByeCode.IDENTITY, "this key does not speak for that node");
        }
        if (!self.cluster().equals(hello.cluster())) {
            return refuse(ByeCode.IDENTITY, "another cluster");
        }
        if (Math.min(hello.minorMax(), self.minorMax()) < Math.max(hello.minorMin(), self.minorMin())) {
            return refuse(
                    ByeCode.VERSION,
                    "versions " + hello.minorMin() + " to " + hello.minorMax() + " here are " + self.minorMin() + " to "
                            + self.minorMax());
        }
        if (hello.maxInFlight() < 1 || hello.maxStreams() < 1 || hello.earlyWindow() < Chunk.GATHERED_BYTES) {
            return refuse(ByeCode.PROTOCOL, "limits with which nothing can be done");
        }
        Duration skew = Duration.ofMillis(hello.clockMs() - clock.millis()).abs();
        if (skew.compareTo(SKEW_MOST) > 0) {
            return refuse(ByeCode.CLOCK, "the clocks differ by " + skew.toSeconds() + " s");
        }
        if (skew.compareTo(SKEW_WARN) > 0) {
            LOG.warn("The clock of {} differs by {} s from ours; set both by NTP", hello.node(), skew.toSeconds());
        }
        return Optional.empty();
    }

    private static Optional<Bye> refuse(ByeCode code, String text) {
        return Optional.of(new Bye(code, text));
    }
}
