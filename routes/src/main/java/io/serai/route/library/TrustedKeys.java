package io.serai.route.library;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The public keys of those whose code this node loads, as its operator named them; read anew for each library. */
public final class TrustedKeys {
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\\s]+)-----END PUBLIC KEY-----");
    private static final Set<PosixFilePermission> OF_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private final Optional<Path> file;

    /** @param file PEM with Ed25519 public keys; empty when no library is trusted */
    public TrustedKeys(Optional<Path> file) {
        this.file = file;
    }

    /**
     * Does nothing when one of the keys signed the bytes.
     *
     * @throws SeraiException PERMISSION_DENIED with the reason otherwise
     */
    void requireSigned(String name, byte[] bytes, String signature) {
        if (signature.isBlank()) {
            throw refused(name, "it is not signed");
        }
        byte[] given;
        try {
            given = Base64.getMimeDecoder().decode(signature);
        } catch (IllegalArgumentException e) {
            throw refused(name, "its signature is not Base64");
        }
        for (PublicKey key : keys(name)) {
            if (isSignedBy(key, bytes, given)) {
                return;
            }
        }
        throw refused(name, "its signature is by none of the keys in " + file.orElseThrow());
    }

    private List<PublicKey> keys(String name) {
        if (file.isEmpty()) {
            throw refused(name, "this node trusts nobody's code; set library.trusted-keys to a file of public keys");
        }
        Path path = file.get();
        try {
            if (Files.getPosixFilePermissions(path).stream().anyMatch(OF_OTHERS::contains)) {
                throw refused(name, path + " can be written by others; chmod go-w it");
            }
            Matcher found = PEM.matcher(Files.readString(path, StandardCharsets.US_ASCII));
            List<PublicKey> keys = new ArrayList<>();
            while (found.find()) {
                keys.add(KeyFactory.getInstance("Ed25519")
                        .generatePublic(
                                new X509EncodedKeySpec(Base64.getMimeDecoder().decode(found.group(1)))));
            }
            if (keys.isEmpty()) {
                throw refused(name, path + " holds no public key in PEM form");
            }
            return keys;
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw refused(name, path + " cannot be read as Ed25519 public keys: " + e.getMessage());
        }
    }

    private static boolean isSignedBy(PublicKey key, byte[] bytes, byte[] signature) {
        try {
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(key);
            verifier.update(bytes);
            return verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            return false; // a signature of another length or form is by none of the keys
        }
    }

    private static SeraiException refused(String name, String why) {
        return new SeraiException(ErrorCode.PERMISSION_DENIED, "The library " + name + " is not loaded: " + why);
    }
}
