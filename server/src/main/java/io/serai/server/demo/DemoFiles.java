package io.serai.server.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The demo's configuration and the files that its partners send. */
final class DemoFiles {
    private DemoFiles() {}

    /** Documents of the demo by name, with {@code @NAME@} replaced. */
    static Map<String, String> read(String side, List<String> names, Map<String, String> values) throws IOException {
        Map<String, String> documents = new LinkedHashMap<>();
        for (String name : names) {
            String resource = side + "/" + name;
            try (InputStream in = DemoFiles.class.getResourceAsStream(resource)) {
                if (in == null) {
                    throw new IOException("this build lacks the demo's file " + resource);
                }
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                for (Map.Entry<String, String> value : values.entrySet()) {
                    text = text.replace("@" + value.getKey() + "@", value.getValue());
                }
                documents.put(name, text);
            }
        }
        return documents;
    }

    /** A file of order lines, as an order system would write it. */
    static Path orders(Path folder, String name, int lines) throws IOException {
        SecureRandom random = new SecureRandom();
        StringBuilder text = new StringBuilder("order;article;quantity;price\n");
        for (int i = 1; i <= lines; i++) {
            text.append(100_000 + i)
                    .append(";A-")
                    .append(random.nextInt(10_000))
                    .append(';')
                    .append(1 + random.nextInt(50))
                    .append(';')
                    .append(random.nextInt(100_000) / 100.0)
                    .append('\n');
        }
        return Files.writeString(Files.createDirectories(folder).resolve(name), text);
    }

    /** A file of random bytes, such as pictures are. */
    static Path pictures(Path folder, String name, int mebibytes) throws IOException {
        Path file = Files.createDirectories(folder).resolve(name);
        byte[] block = new byte[1 << 20];
        SecureRandom random = new SecureRandom();
        try (OutputStream target = Files.newOutputStream(file)) {
            for (int i = 0; i < mebibytes; i++) {
                random.nextBytes(block);
                target.write(block);
            }
        }
        return file;
    }

    static String sha256(InputStream content) throws IOException {
        try (DigestInputStream in = new DigestInputStream(content, MessageDigest.getInstance("SHA-256"))) {
            byte[] block = new byte[256 << 10];
            int read = in.read(block);
            while (read >= 0) {
                read = in.read(block);
            }
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static String sha256(Path file) throws IOException {
        return sha256(Files.newInputStream(file));
    }
}
