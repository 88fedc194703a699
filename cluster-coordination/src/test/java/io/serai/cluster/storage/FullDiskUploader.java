package io.serai.cluster.storage;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.config.error.SeraiException;
import io.serai.config.name.VirtualPath;
import io.serai.config.secret.SecretText;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** The program of a process that uploads to a full file system, and again when there is room. */
final class FullDiskUploader {
    private FullDiskUploader() {}

    public static void main(String[] args) {
        DatabaseSettings settings = DatabaseSettings.of(args[1], args[2], new SecretText(args[3]), "full");
        Database database = new Database(settings);
        try (TestNode node = new TestNode(database, Path.of(args[0]), "full")) {
            System.out.println("full " + fill(node));
            VirtualPath path = VirtualPath.parse("/in/large");
            System.out.println("part "
                    + (node.storage.part(TestNode.ACME, path).orElseThrow().sizeBytes() > 0));
            // An upload of nothing drops the part.
            node.put("/in/large", "");
            node.put("/in/small", "small");
            System.out.println("small " + node.read("/in/small"));
        }
        database.close();
    }

    private static String fill(TestNode node) {
        try (Incoming incoming = node.receiving.receive(TestNode.upload("/in/large", Receiving.Mode.REPLACE))) {
            byte[] block = new byte[1 << 20];
            for (int i = 0; i < 64; i++) {
                incoming.write(ByteBuffer.wrap(block), (long) i * block.length);
            }
            return "never";
        } catch (SeraiException e) {
            return e.code().name();
        }
    }
}
