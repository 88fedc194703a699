package io.serai.cluster.storage;

import io.serai.config.name.AccountName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a file in staging. It carries all that a recovery needs, so that opening an upload costs no write to the
 * database: {@code <account>~<path hash>~<transfer>} for an upload, {@code pull~<transfer>} for a pull. Names of
 * accounts have no {@code ~}.
 *
 * @param target the account and path that an upload is for; empty for a pull
 */
record StagingName(Optional<Target> target, TransferId transfer) {
    private static final String ID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})";
    private static final Pattern UPLOAD = Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,63})~([0-9a-f]{32})~" + ID);
    private static final Pattern PULL = Pattern.compile("pull~" + ID);
    private static final int HASH_BYTES = 16;

    /** An account and the hash of a path in its home: what a kept part belongs to. */
    record Target(String account, String pathHash) {
        static Target of(AccountName account, VirtualPath path) {
            return new Target(account.value(), hash(path));
        }

        /** The name of the kept part. */
        @Override
        public String toString() {
            return account + "~" + pathHash;
        }
    }

    static StagingName upload(Target target, TransferId transfer) {
        return new StagingName(Optional.of(target), transfer);
    }

    static StagingName pull(TransferId transfer) {
        return new StagingName(Optional.empty(), transfer);
    }

    /** Reads a name of a folder; empty for whatever is not a staging file. */
    static Optional<StagingName> parse(String name) {
        Matcher upload = UPLOAD.matcher(name);
        if (upload.matches()) {
            Target target = new Target(upload.group(1), upload.group(2));
            return Optional.of(upload(target, TransferId.parse(upload.group(3))));
        }
        Matcher pull = PULL.matcher(name);
        return pull.matches() ? Optional.of(pull(TransferId.parse(pull.group(1)))) : Optional.empty();
    }

    /** The file's name. */
    @Override
    public String toString() {
        return target.map(t -> t + "~").orElse("pull~") + transfer;
    }

    private static String hash(VirtualPath path) {
        byte[] digest = sha256().digest(path.toString().getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
