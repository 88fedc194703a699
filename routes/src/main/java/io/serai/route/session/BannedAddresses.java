package io.serai.route.session;

import io.serai.cluster.limit.Ban;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;

/** The bans that this node knows. Safe for use by many threads; replaced as a whole. */
final class BannedAddresses {
    private record Entry(AddressRange range, Ban ban) {
        boolean covers(InetAddress address, Instant now) {
            return range.contains(address)
                    && ban.until().filter(end -> !end.isAfter(now)).isEmpty();
        }
    }

    private volatile List<Entry> entries = List.of();

    void replace(List<Ban> bans) {
        entries = bans.stream()
                .map(ban -> new Entry(AddressRange.parse(ban.network()), ban))
                .toList();
    }

    boolean contains(InetAddress address, Instant now) {
        return entries.stream().anyMatch(entry -> entry.covers(address, now));
    }

    /** Whether an operator wants nobody from there, rather than its failed logins alone. */
    boolean isByOperator(InetAddress address, Instant now) {
        return entries.stream()
                .anyMatch(entry -> entry.ban().isByOperator() && entry.covers(address, now));
    }
}
