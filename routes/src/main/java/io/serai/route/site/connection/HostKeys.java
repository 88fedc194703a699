package io.serai.route.site.connection;

import com.jcraft.jsch.HostKey;
import com.jcraft.jsch.HostKeyRepository;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.UserInfo;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The host keys that a site is trusted by, and the key that it showed. One per connection; used by its thread alone. */
final class HostKeys implements HostKeyRepository {
    private final List<byte[]> trusted = new ArrayList<>();
    private byte @Nullable [] shown;

    HostKeys(Site site) {
        for (String line : site.trust()) {
            trusted.add(key(site, line));
        }
    }

    private static byte[] key(Site site, String line) {
        for (String word : line.trim().split("\\s+")) {
            if (word.startsWith("AAAA")) {
                try {
                    return Base64.getDecoder().decode(word);
                } catch (IllegalArgumentException e) {
                    throw badLine(site, line, e);
                }
            }
        }
        throw badLine(site, line, null);
    }

    private static SeraiException badLine(Site site, String line, @Nullable Exception cause) {
        return new SeraiException(
                ErrorCode.INVALID,
                "Site " + site.name() + ": '" + RemotePath.printable(line)
                        + "' in its field 'trust' is not a host key (algorithm base64-key); see serai site trust "
                        + site.name(),
                cause);
    }

    /** The key that the far end showed; empty when it did not come to that. */
    Optional<byte[]> shown() {
        return Optional.ofNullable(shown);
    }

    /** Whether any key is trusted. */
    boolean any() {
        return !trusted.isEmpty();
    }

    /** The fingerprint as OpenSSH shows it: {@code SHA256:…}. */
    static String fingerprint(byte[] key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key);
            return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new SeraiException(ErrorCode.DEFECT, "This Java has no SHA-256", e);
        }
    }

    /** The line {@code algorithm base64-key} of a key, as the field {@code trust} holds it. */
    static String line(byte[] key) {
        return algorithm(key) + " " + Base64.getEncoder().encodeToString(key);
    }

    static String algorithm(byte[] key) {
        int length = key.length < 4
                ? 0
                : (key[0] & 0xff) << 24 | (key[1] & 0xff) << 16 | (key[2] & 0xff) << 8 | key[3] & 0xff;
        return length < 1 || length > 64 || 4 + length > key.length
                ? "unknown"
                : new String(key, 4, length, StandardCharsets.US_ASCII);
    }

    @Override
    public int check(String host, byte[] key) {
        shown = key.clone();
        for (byte[] known : trusted) {
            if (MessageDigest.isEqual(known, key)) {
                return OK;
            }
        }
        return trusted.isEmpty() ? NOT_INCLUDED : CHANGED;
    }

    @Override
    public HostKey[] getHostKey() {
        return trusted.stream().map(HostKeys::asHostKey).toArray(HostKey[]::new);
    }

    /** The trusted keys' types are asked for first, so that a site with several keys shows the one we know. */
    @Override
    public HostKey[] getHostKey(String host, @Nullable String type) {
        return Arrays.stream(getHostKey())
                .filter(key -> type == null || type.equals(key.getType()))
                .toArray(HostKey[]::new);
    }

    private static HostKey asHostKey(byte[] key) {
        try {
            return new HostKey("site", key);
        } catch (JSchException e) {
            throw new SeraiException(ErrorCode.INVALID, "A trusted host key cannot be read", e);
        }
    }

    @Override
    public String getKnownHostsRepositoryID() {
        return "the site's field 'trust'";
    }

    /** Trust is only ever changed by an operator. */
    @Override
    public void add(HostKey key, @Nullable UserInfo user) {
        throw new UnsupportedOperationException("host keys are trusted by serai site trust alone");
    }

    @Override
    public void remove(String host, @Nullable String type) {
        throw new UnsupportedOperationException("host keys are trusted by serai site trust alone");
    }

    @Override
    public void remove(String host, @Nullable String type, byte @Nullable [] key) {
        throw new UnsupportedOperationException("host keys are trusted by serai site trust alone");
    }
}
