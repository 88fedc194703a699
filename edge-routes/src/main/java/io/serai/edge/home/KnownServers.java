package io.serai.edge.home;

import io.serai.edge.message.EdgeMessages.Grant;
import io.serai.edge.message.EdgeMessages.ServerPin;
import io.serai.edge.message.EdgeMessages.Servers;
import io.serai.edge.tls.LinkTrust;
import io.serai.edge.tls.Pin;

/**
 * The servers that an edge trusts: those of its enrolment, then those that a trusted server names. Thread-safe; a server
 * that is no longer named counts no more at its next handshake.
 */
public final class KnownServers implements LinkTrust {
    private final EdgeHome home;
    private volatile Grant grant;

    public KnownServers(EdgeHome home) {
        this.home = home;
        this.grant = home.membership();
    }

    public String cluster() {
        return grant.cluster();
    }

    public String edge() {
        return grant.edge();
    }

    public Servers servers() {
        return grant.servers();
    }

    @Override
    public boolean knows(Pin pin) {
        return grant.servers().pins().stream().anyMatch(server -> server.pin().equals(pin.hex()));
    }

    @Override
    public boolean speaksFor(Pin pin, String node) {
        return grant.servers().pins().contains(new ServerPin(node, pin.hex()));
    }

    /**
     * Takes a newer list, on disk first.
     *
     * @return whether it was newer; an older one, which a server that lags behind may send, and an empty one, which would
     *     lock every server out, change nothing
     */
    public synchronized boolean take(Servers servers) {
        if (servers.revision() <= grant.servers().revision() || servers.pins().isEmpty()) {
            return false;
        }
        Grant next = new Grant(grant.cluster(), grant.edge(), servers);
        home.keep(next);
        grant = next;
        return true;
    }
}
