package io.serai.route.session;

import io.serai.cluster.limit.Ban;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The bans that this node knows. Safe for use by many threads; replaced as a whole. */
final class BannedAddresses {
    private record Entry(AddressRange range, Ban ban) {
        boolean covers(InetAddress address, Instant now) {
            return range.contains(address)
                    && ban.until().filter(end -> !end.isAfter(now)).isEmpty();
        }
    }

    private volatile List<Entry> entries = List.of();

    /** From now on these are in force; the ranges that were banned and are not any more. */
    List<AddressRange> replace(List<Ban> bans) {
        List<Entry> before = entries;
        entries = bans.stream()
                .map(ban -> new Entry(AddressRange.parse(ban.network()), ban))
                .toList();
        Set<String> now = bans.stream().map(Ban::network).collect(Collectors.toSet());
        return before.stream()
                .filter(entry -> !now.contains(entry.ban().network()))
                .map(Entry::range)
                .toList();
    }

    boolean contains(InetAddress address, Instant now) {
        return entries.stream().anyMatch(entry -> entry.covers(address, now));
    }

    /** Whether an operator wants nobody from there, rather than its failed logins alone. */
    boolean isByOperator(InetAddress address, Instant now) {
        return entries.stream().anyMatch(entry -> entry.ban().isByOperator() && entry.covers(address, now));
    }
}
