package io.serai.cluster.storage;

import io.serai.config.name.AccountName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a file in staging. It carries all that a recovery needs, so that opening an upload costs no write to the
 * database: {@code <account>~<path hash>~<transfer>} for an upload, {@code pull~<transfer>} for a pull. Names of
 * accounts have no {@code ~}. Beside an upload that goes on behind bytes that were there, a file says how many: not the
 * name, which release 0.1.0 has to understand when it takes a node over.
 *
 * @param target the account and path that an upload is for; empty for a pull
 * @param base how many bytes were there when the upload began: a kept part, or a copy of the visible file
 */
record StagingName(Optional<Target> target, TransferId transfer, long base) {
    private static final String ID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})";
    private static final Pattern UPLOAD = Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,63})~([0-9a-f]{32})~" + ID);
    private static final Pattern PULL = Pattern.compile("pull~" + ID);
    private static final String BASE = ".base";
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
        return new StagingName(Optional.of(target), transfer, 0);
    }

    /** The same name for an upload that goes on behind so many bytes. */
    StagingName behind(long bytes) {
        return new StagingName(target, transfer, bytes);
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

    /** Writes the base beside the file, before that has its bytes. */
    void noteBase(Path file) throws IOException {
        if (base == 0) {
            return;
        }
        try (FileChannel channel = StorageRoot.create(besideOf(file))) {
            channel.write(ByteBuffer.wrap(Long.toString(base).getBytes(StandardCharsets.US_ASCII)));
            channel.force(true);
        }
    }

    /** This name with the base that was noted beside the file, if any. */
    StagingName withNotedBase(Path file) throws IOException {
        try {
            return behind(Long.parseLong(Files.readString(besideOf(file), StandardCharsets.US_ASCII)));
        } catch (NoSuchFileException | NumberFormatException e) {
            return behind(0); // its bytes were not there yet
        }
    }

    static void removeBase(Path file) throws IOException {
        Files.deleteIfExists(besideOf(file));
    }

    private static Path besideOf(Path file) {
        return file.resolveSibling(file.getFileName() + BASE);
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
