package io.serai.route.site;

import io.serai.cluster.ledger.Deliveries;
import io.serai.cluster.ledger.Deliveries.Delivery;
import io.serai.cluster.ledger.Deliveries.Part;
import io.serai.cluster.ledger.Deliveries.Stage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.config.object.Site;
import io.serai.route.site.connection.SiteConnections;
import java.util.Optional;

/**
 * At which address of a site a delivery works. A site may have several, or get another host between two attempts. Until
 * the rename is recorded a delivery may begin anew at any of them; from then on nothing but the address where it was to
 * happen can tell whether it did.
 */
final class SiteAddresses {
    private SiteAddresses() {}

    /** Its host and port. */
    static HostPort first(Site site) {
        return site.addresses().get(0);
    }

    /** The one address where this delivery can go on; empty when it may be any. */
    static Optional<HostPort> only(Site site, Delivery delivery) {
        if (delivery.stage() != Stage.RENAMING) {
            return Optional.empty();
        }
        HostPort only = delivery.address().orElseGet(() -> first(site));
        if (!site.addresses().contains(only)) {
            throw new SeraiException(
                    ErrorCode.SITE_UNREACHABLE,
                    "Site " + site.name() + ": an earlier attempt has sent the file to " + only
                            + ", which alone can tell whether it has it, and which is no address of the site any more;"
                            + " add it to the site's recovery for as long as that takes, or look there, and then cancel the"
                            + " event and resubmit what had arrived, or leave it");
        }
        return Optional.of(only);
    }

    /** Records where the lease leads to, if that is not recorded yet. */
    static Delivery reached(Deliveries deliveries, Site site, Delivery delivery, SiteConnections.Lease lease) {
        HostPort here = lease.address();
        if (delivery.stage() != Stage.SENDING || delivery.address().equals(Optional.of(here))) {
            return delivery;
        }
        Delivery[] moved = {delivery};
        lease.aside(() -> moved[0] = deliveries.at(delivery, here));
        return moved[0];
    }

    /** Whether the part lies where the lease leads to. */
    static boolean isHere(Site site, Part part, HostPort here) {
        return at(site, part).equals(here);
    }

    /** Whether no connection will ever lead to where the part lies. */
    static boolean isOutOfReach(Site site, Part part) {
        return !site.addresses().contains(at(site, part));
    }

    private static HostPort at(Site site, Part part) {
        return part.address().orElseGet(() -> first(site));
    }
}
