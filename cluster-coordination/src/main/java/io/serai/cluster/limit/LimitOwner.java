package io.serai.cluster.limit;

import io.serai.config.name.AccountName;
import io.serai.config.name.SiteName;
import java.util.Locale;

/** Whose limit it is. */
public record LimitOwner(Kind kind, String name) {
    /** What has limits. */
    public enum Kind {
        SITE,
        ACCOUNT
    }

    public static LimitOwner of(SiteName site) {
        return new LimitOwner(Kind.SITE, site.value());
    }

    public static LimitOwner of(AccountName account) {
        return new LimitOwner(Kind.ACCOUNT, account.value());
    }

    /** As tables have it. */
    String word() {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return word() + " " + name;
    }
}
