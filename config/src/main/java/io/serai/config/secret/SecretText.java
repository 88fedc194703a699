package io.serai.config.secret;

/** A secret in clear, in memory only. It never prints itself; {@link #reveal} is the one way to read it. */
public final class SecretText {
    private final String value;

    public SecretText(String value) {
        this.value = value;
    }

    /** The secret itself; call this as late as possible and never for a log, a message or an exchange's header. */
    public String reveal() {
        return value;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SecretText that && value.equals(that.value);
    }

    @Override
    public int hashCode() {
        return value.hashCode();
    }

    @Override
    public String toString() {
        return "********";
    }
}
