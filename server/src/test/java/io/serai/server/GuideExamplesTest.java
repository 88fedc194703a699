package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.document.DocumentFile;
import io.serai.config.document.Documents;
import io.serai.config.secret.SecretSource;
import io.serai.config.secret.SecretText;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RoutePolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What the guides and the shipped examples show can be applied as it stands. */
class GuideExamplesTest {
    private static final Path TOP = Path.of("").toAbsolutePath().getParent();
    private static final Pattern ROUTE_ID = Pattern.compile("- route:\\s+id: (\\S+)");
    private static final Pattern CLASS = Pattern.compile("public class (\\S+) extends RouteBuilder");
    private static final String PUBLIC_KEY =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
    private static final String PRIVATE_KEY = privateKey();
    private static final RouteChecker CHECKER = new RouteChecker(RoutePolicy.DEFAULT);

    @TestFactory
    Stream<DynamicTest> guides() {
        return Stream.concat(Stream.of(TOP.resolve("README.md")), below(TOP.resolve("docs"), ".md"))
                .flatMap(guide -> blocks(guide).stream()
                        .flatMap(block -> example(block).stream())
                        .map(example -> DynamicTest.dynamicTest(
                                guide.getFileName() + ": " + example.name(), () -> check(example))));
    }

    @TestFactory
    Stream<DynamicTest> shippedExamples() {
        return below(TOP.resolve("config/src/main/resources/examples"), ".yaml")
                .map(file -> DynamicTest.dynamicTest(
                        file.getFileName().toString(),
                        () -> check(file(file.getFileName().toString(), Files.readString(file)))));
    }

    private static void check(DocumentFile example) {
        boolean isRoute = example.text().startsWith("- ") || example.name().endsWith(".java");
        if (isRoute) {
            assertThat(CHECKER.check(example.name(), example.text())).isEmpty();
        }
        // Throws with every problem, file and line.
        String text = example.text().replace("ssh-ed25519 AAAA…", PUBLIC_KEY);
        new Documents(GuideExamplesTest::secret, cron -> Optional.empty())
                .parse(List.of(new DocumentFile(example.name(), text)));
    }

    /** The examples name files and variables that are not there. */
    private static SecretText secret(SecretSource source) {
        return new SecretText(source.toString().contains("key") ? PRIVATE_KEY : "a password");
    }

    private static String privateKey() {
        try {
            byte[] key = KeyPairGenerator.getInstance("EC")
                    .generateKeyPair()
                    .getPrivate()
                    .getEncoded();
            String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key);
            return "-----BEGIN PRIVATE KEY-----\n" + lines + "\n-----END PRIVATE KEY-----\n";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The blocks of code of a page: what is indented by four spaces, between lines that are not. */
    private static List<String> blocks(Path page) {
        List<String> blocks = new ArrayList<>();
        StringBuilder block = new StringBuilder();
        try {
            for (String line : Files.readAllLines(page)) {
                if (line.startsWith("    ") || (line.isBlank() && !block.isEmpty())) {
                    block.append(line.isBlank() ? "" : line.substring(4)).append('\n');
                } else if (!block.isEmpty()) {
                    blocks.add(block.toString());
                    block.setLength(0);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        blocks.add(block.toString());
        return blocks;
    }

    private static Optional<DocumentFile> example(String block) {
        Matcher route = ROUTE_ID.matcher(block);
        Matcher java = CLASS.matcher(block);
        if (java.find()) {
            return Optional.of(file(java.group(1) + ".java", block));
        }
        if (block.startsWith("- route:")) {
            assertThat(route.find()).as(block).isTrue();
            return Optional.of(file(route.group(1) + ".yaml", block));
        }
        return block.startsWith("kind: ") ? Optional.of(file("objects.yaml", block)) : Optional.empty();
    }

    private static DocumentFile file(String name, String text) {
        return new DocumentFile(name, text);
    }

    private static Stream<Path> below(Path folder, String ending) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
