package io.serai.cluster.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Writes in any order against a plain array that is written the same way. */
class StagedFileProperties {
    private static final int LARGEST = 4000;

    record Write(int offset, int length, byte fill) {}

    @Provide
    Arbitrary<List<Write>> writes() {
        return Combinators.combine(
                        Arbitraries.integers().between(0, LARGEST - 1000),
                        Arbitraries.integers().between(1, 1000),
                        Arbitraries.bytes())
                .as(Write::new)
                .list()
                .ofMaxSize(25);
    }

    @Property(tries = 150)
    void holdsWhatWasWrittenAndKnowsItsGaps(@ForAll("writes") List<Write> writes, @ForAll boolean resumed)
            throws Exception {
        Path file = Files.createTempFile("staged", ".bin");
        try {
            int held = resumed ? 700 : 0;
            Files.write(file, new byte[held]);
            byte[] model = new byte[LARGEST];
            BitSet written = new BitSet();
            written.set(0, held);
            try (StagedFile staged = open(file, held)) {
                for (Write write : writes) {
                    byte[] data = new byte[write.length()];
                    java.util.Arrays.fill(data, write.fill());
                    staged.write(ByteBuffer.wrap(data), write.offset());
                    System.arraycopy(data, 0, model, write.offset(), data.length);
                    written.set(write.offset(), write.offset() + write.length());
                }
                check(staged, file, model, written);
                staged.removeMark();
            }
            assertThat(file.resolveSibling(file.getFileName() + ".mark")).doesNotExist();
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static void check(StagedFile staged, Path file, byte[] model, BitSet written) throws Exception {
        int gapless = written.nextClearBit(0);
        assertThat(staged.held()).isEqualTo(written.length());
        assertThat(staged.hasHole()).isEqualTo(gapless != written.length());
        assertThat(SafeMark.trusted(file, Files.size(file), SafeMark.Crash.OF_THE_PROCESS))
                .isLessThanOrEqualTo(gapless);
        assertThat(SafeMark.trusted(file, Files.size(file), SafeMark.Crash.OF_UNKNOWN_KIND))
                .isLessThanOrEqualTo(gapless);
        if (!staged.hasHole()) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(model, 0, written.length());
            assertThat(staged.sha256()).isEqualTo(HexFormat.of().formatHex(digest.digest()));
        }
        staged.cutAtHole(file);
        assertThat(Files.readAllBytes(file)).isEqualTo(java.util.Arrays.copyOf(model, gapless));
    }

    private static StagedFile open(Path file, int held) throws IOException {
        FileChannel channel = StorageRoot.openForWriting(file);
        return new StagedFile(channel, held, file, Runnable::run, StorageSettings.usual());
    }
}
