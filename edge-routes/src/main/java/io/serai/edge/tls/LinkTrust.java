package io.serai.edge.tls;

import java.util.Map;
import java.util.Set;

/** Which keys the other end of a link may have. Asked anew at every handshake, so a pin that is removed counts at once. */
public interface LinkTrust {
    /** Whether any node of the other role has this key; the TLS handshake fails without. */
    boolean knows(Pin pin);

    /** Whether this key may speak for the node of that name; the connection ends without. */
    boolean speaksFor(Pin pin, String node);

    /** Trusts these nodes by these pins; two pins for a node while its key is being replaced. */
    static LinkTrust of(Map<String, Set<Pin>> pinsOfNodes) {
        Map<String, Set<Pin>> pins = Map.copyOf(pinsOfNodes);
        return new LinkTrust() {
            @Override
            public boolean knows(Pin pin) {
                return pins.values().stream().anyMatch(known -> known.contains(pin));
            }

            @Override
            public boolean speaksFor(Pin pin, String node) {
                return pins.getOrDefault(node, Set.of()).contains(pin);
            }
        };
    }
}
