package io.serai.config.name;

/** An account's login name, and the name of its home folder. */
public record AccountName(String value) implements Comparable<AccountName> {
    public AccountName {
        ObjectName.check("Account name", value);
    }

    @Override
    public int compareTo(AccountName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
