package io.serai.cluster.storage;

import io.serai.config.name.AccountName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a file in staging. It carries all that a recovery needs, so that opening an upload costs no write to the
 * database: {@code <account>~<path hash>~<transfer>} for an upload, {@code pull~<transfer>} for a pull. An upload that
 * goes on behind bytes that were there adds {@code ~<their number>}. Names of accounts have no {@code ~}.
 *
 * @param target the account and path that an upload is for; empty for a pull
 * @param base how many bytes were there when the upload began: a kept part, or a copy of the visible file
 */
record StagingName(Optional<Target> target, TransferId transfer, long base) {
    private static final String ID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})";
    private static final Pattern UPLOAD =
            Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,63})~([0-9a-f]{32})~" + ID + "(?:~([1-9][0-9]{0,17}))?");
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
        return resumed(target, transfer, 0);
    }

    static StagingName resumed(Target target, TransferId transfer, long base) {
        return new StagingName(Optional.of(target), transfer, base);
    }

    static StagingName pull(TransferId transfer) {
        return new StagingName(Optional.empty(), transfer, 0);
    }

    /**
     * How many bytes of a broken upload are kept: all but the last one that came. A client whose connection broke after
     * its last byte, but before we said that the file is safe, asks for the size when it comes again; lftp takes the full
     * size for a finished upload and tells its user so, while the file has no name. One byte less, and it must send that
     * byte and await our word.
     *
     * @param sizeBytes how many bytes there are
     * @return empty when less is there than at the beginning; that must not stand for the bytes of a visible file
     */
    OptionalLong kept(long sizeBytes) {
        return sizeBytes < base ? OptionalLong.empty() : OptionalLong.of(Math.max(base, sizeBytes - 1));
    }

    /** Reads a name of a folder; empty for whatever is not a staging file. */
    static Optional<StagingName> parse(String name) {
        Matcher upload = UPLOAD.matcher(name);
        if (upload.matches()) {
            Target target = new Target(upload.group(1), upload.group(2));
            long base = upload.group(4) == null ? 0 : Long.parseLong(upload.group(4));
            return Optional.of(resumed(target, TransferId.parse(upload.group(3)), base));
        }
        Matcher pull = PULL.matcher(name);
        return pull.matches() ? Optional.of(pull(TransferId.parse(pull.group(1)))) : Optional.empty();
    }

    /** The file's name. */
    @Override
    public String toString() {
        return target.map(t -> t + "~").orElse("pull~") + transfer + (base > 0 ? "~" + base : "");
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
