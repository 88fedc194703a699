package io.serai.edge.enrol;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Locale;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A one-time code that a person carries: 160 random bits, so that a proof made with it gives nothing to guess at. Written in
 * groups of letters and digits that are not mistaken for each other, with a check that finds mistyped ones.
 */
public final class EnrolmentCode {
    private static final String ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private static final int SECRET_BYTES = 20;
    private static final int SECRET_LETTERS = 32;
    private static final int CHECK_LETTERS = 4;
    private static final int GROUP = 4;

    private final byte[] secret;

    private EnrolmentCode(byte[] secret) {
        this.secret = secret;
    }

    public static EnrolmentCode random() {
        byte[] secret = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(secret);
        return new EnrolmentCode(secret);
    }

    /**
     * Reads a code as people type it: in either case, with or without dashes and spaces.
     *
     * @throws SeraiException {@code INVALID} when it is none
     */
    public static EnrolmentCode parse(String text) {
        String letters = text.toUpperCase(Locale.ROOT)
                .replaceAll("[\\s-]", "")
                .replace('O', '0')
                .replaceAll("[IL]", "1");
        boolean known = letters.length() == SECRET_LETTERS + CHECK_LETTERS
                && letters.chars().allMatch(letter -> ALPHABET.indexOf(letter) >= 0);
        if (known) {
            byte[] secret = number(letters.substring(0, SECRET_LETTERS));
            if (check(secret).equals(letters.substring(SECRET_LETTERS))) {
                return new EnrolmentCode(secret);
            }
        }
        throw new SeraiException(
                ErrorCode.INVALID,
                "this is no code of \"serai edge enrol\", or it is not typed as it was shown: it has "
                        + (SECRET_LETTERS + CHECK_LETTERS) + " letters and digits in groups of " + GROUP);
    }

    /** The code's text; it is a secret. */
    public String reveal() {
        String letters = letters(secret, SECRET_LETTERS) + check(secret);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < letters.length(); i += GROUP) {
            text.append(i == 0 ? "" : "-").append(letters, i, i + GROUP);
        }
        return text.toString();
    }

    /** A code over these bytes that only who knows the code can make. */
    byte[] sign(byte[] message) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            return mac.doFinal(message);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("This JVM has no HMAC-SHA256", e);
        }
    }

    private static String check(byte[] secret) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update("serai-enrol-check".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            byte[] sum = digest.digest(secret);
            return letters(Arrays.copyOf(sum, SECRET_BYTES), SECRET_LETTERS).substring(0, CHECK_LETTERS);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("This JVM has no SHA-256", e);
        }
    }

    private static String letters(byte[] bytes, int count) {
        BigInteger left = new BigInteger(1, bytes);
        char[] letters = new char[count];
        for (int i = count - 1; i >= 0; i--) {
            letters[i] = ALPHABET.charAt(left.intValue() & 31);
            left = left.shiftRight(5);
        }
        return new String(letters);
    }

    private static byte[] number(String letters) {
        BigInteger value = BigInteger.ZERO;
        for (int i = 0; i < letters.length(); i++) {
            value = value.shiftLeft(5).or(BigInteger.valueOf(ALPHABET.indexOf(letters.charAt(i))));
        }
        byte[] bytes = value.toByteArray();
        byte[] secret = new byte[SECRET_BYTES];
        int length = Math.min(bytes.length, SECRET_BYTES);
        System.arraycopy(bytes, bytes.length - length, secret, SECRET_BYTES - length, length);
        return secret;
    }

    @Override
    public String toString() {
        return "EnrolmentCode";
    }
}
