package io.serai.route.site.connection;

import io.serai.config.error.SeraiException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Replaces a file at a site whose renaming does not replace; see {@link SiteConnection.Replaced}. */
final class Replacing {
    private static final Logger LOG = LoggerFactory.getLogger(Replacing.class);

    private final SiteConnection site;
    private final SiteConnection.Replaced replaced;

    Replacing(SiteConnection site, SiteConnection.Replaced replaced) {
        this.site = site;
        this.replaced = replaced;
    }

    /** As {@link SiteConnection#rename}. */
    boolean rename(String from, String to) {
        replaced.permitted().run();
        if (!site.rename(to, replaced.aside(), Optional.empty())) {
            return site.rename(from, to, Optional.empty());
        }
        boolean renamed = false;
        try {
            renamed = site.rename(from, to, Optional.empty());
        } finally {
            if (!renamed) {
                giveBack(to);
            }
        }
        if (renamed) {
            removeAside();
        }
        return renamed;
    }

    private void giveBack(String to) {
        try {
            site.rename(replaced.aside(), to, Optional.empty());
        } catch (SeraiException e) {
            LOG.warn(
                    "The file {} of the site is there as {} now and could not get its name back: {}",
                    RemotePath.printable(to),
                    RemotePath.printable(replaced.aside()),
                    e.text());
        }
    }

    private void removeAside() {
        try {
            site.delete(replaced.aside());
        } catch (SeraiException e) {
            LOG.warn("What was replaced stays at the site as {}: {}", RemotePath.printable(replaced.aside()), e.text());
        }
    }
}
