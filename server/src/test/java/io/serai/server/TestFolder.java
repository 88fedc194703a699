package io.serai.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A throw-away folder that every user may pass through, for the embedded database of a server that root runs belongs to
 * another user. Its random files follow from one seed, which is printed.
 */
final class TestFolder implements AutoCloseable {
    private final Path folder;
    private final Random random;

    TestFolder(String name) {
        long seed = Long.getLong("serai.seed", System.nanoTime());
        System.out.println(name + ": seed " + seed + " (-Dserai.seed=" + seed + ")");
        this.random = new Random(seed);
        try {
            folder = Files.createTempDirectory(Path.of("/tmp"), "serai-" + name + "-");
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path path() {
        return folder;
    }

    Path resolve(String name) {
        return folder.resolve(name);
    }

    /** A number below the bound, from the seed. */
    synchronized int random(int bound) {
        return random.nextInt(bound);
    }

    /** The same in an order from the seed. */
    synchronized <T> List<T> shuffled(List<T> all) {
        List<T> mixed = new ArrayList<>(all);
        Collections.shuffle(mixed, random);
        return mixed;
    }

    /** A file of random bytes. */
    Path file(String name, long sizeBytes) {
        Path file = folder.resolve(name);
        byte[] block = new byte[64 * 1024];
        Random bytes;
        synchronized (this) {
            bytes = new Random(random.nextLong());
        }
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long left = sizeBytes; left > 0; left -= block.length) {
                bytes.nextBytes(block);
                out.write(block, 0, (int) Math.min(block.length, left));
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String sha256(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return sha256(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String sha256(InputStream in) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        if (Boolean.getBoolean("serai.keep")) {
            System.out.println("kept: " + folder);
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
