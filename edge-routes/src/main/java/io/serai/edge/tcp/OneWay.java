package io.serai.edge.tcp;

import io.serai.edge.link.Link;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The way of connections that belong together, such as the control and data connections of FTP: what the first one has found
 * is kept for the others, which a partner's server would refuse from another address. Safe for several threads.
 */
public final class OneWay {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final long number = 1 + (RANDOM.nextLong() >>> 2);
    private @Nullable Link link;
    private @Nullable InetAddress reached;
    private String host = "";

    /** Tells what belongs together from everything else that the edge serves. */
    long number() {
        return number;
    }

    /** Only the link that was taken, once one is; a way that broke is not replaced. */
    synchronized Function<Set<Link>, Optional<Link>> among(Function<Set<Link>, Optional<Link>> pick) {
        Link taken = link;
        return taken == null
                ? pick
                : tried -> tried.contains(taken) || !taken.isUsable() ? Optional.empty() : Optional.of(taken);
    }

    /** The address that this name was reached at, if it was. */
    synchronized Optional<InetAddress> reached(String name) {
        return name.equals(host) ? Optional.ofNullable(reached) : Optional.empty();
    }

    synchronized void took(Link by, String name, InetAddress address) {
        if (link == null) {
            link = by;
            host = name;
            reached = address;
        }
    }
}
