package io.serai.cluster.storage;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.config.secret.SecretText;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * The program of a process that uploads until it is killed, or halts itself at a step of a commit. It prints a line
 * {@code ok NAME CONTENT-NUMBER} for each upload whose commit returned, as an OK to a partner would go out.
 *
 * <p>Arguments: root, JDBC URL, user, password, seed, name of the step to halt at or {@code none}, at which commit.
 */
final class CrashingUploader {
    private static final int NAMES = 4;

    private CrashingUploader() {}

    public static void main(String[] args) {
        SplittableRandom random = new SplittableRandom(Long.parseLong(args[4]));
        int[] commits = {0};
        CommitSteps steps = step -> {
            if (step == CommitSteps.Step.SYNCED) {
                commits[0]++;
            }
            if (step.name().equals(args[5]) && commits[0] >= Integer.parseInt(args[6])) {
                Runtime.getRuntime().halt(3);
            }
        };
        DatabaseSettings settings = DatabaseSettings.of(args[1], args[2], new SecretText(args[3]), "crashing");
        TestNode node =
                new TestNode(new Database(settings), Path.of(args[0]), "crashing", StorageSettings.usual(), steps);
        System.out.println("epoch " + node.token.epoch() + " " + node.boot);
        for (int i = 0; ; i++) {
            String name = "/in/file-" + random.nextInt(NAMES);
            long number = random.nextLong(Long.MAX_VALUE);
            byte[] content = content(name, number);
            try (Incoming incoming = node.receiving.receive(TestNode.upload(name, Receiving.Mode.REPLACE))) {
                int half = random.nextInt(content.length);
                incoming.write(ByteBuffer.wrap(content, 0, half), 0);
                incoming.write(ByteBuffer.wrap(content, half, content.length - half), half);
                if (i % 5 != 4) {
                    incoming.commit();
                    System.out.println("ok " + name + " " + number);
                    System.out.flush();
                }
            }
        }
    }

    /** What a file with that number holds: checkable from its first line. */
    static byte[] content(String name, long number) {
        SplittableRandom random = new SplittableRandom(number);
        StringBuilder text = new StringBuilder(name + " " + number + "\n");
        int lines = random.nextInt(1, 2000);
        for (int i = 0; i < lines; i++) {
            text.append(random.nextLong()).append('\n');
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }
}
