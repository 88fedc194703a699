package io.serai.edge.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FreeHeapTest {
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();
    private static final int BLOCK_BYTES = 1 << 20;

    @Test
    void nothingThatDiedIsLeftHoweverManyThreadsCollect() throws Exception {
        List<String> command = new ArrayList<>(List.of(JAVA, "-Xmx192m", "-XX:ActiveProcessorCount=8"));
        command.addAll(List.of(FreeHeap.OPTIONS.split(" ")));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), HeapUser.class.getName()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<Integer> left = new ArrayList<>();
        try (BufferedReader said = process.inputReader();
                OutputStream answer = process.getOutputStream()) {
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                int marks = marksIn(process.pid());
                if (line.equals(HeapUser.FILLED)) {
                    assertThat(marks).as("marks before").isPositive();
                } else {
                    assertThat(line).isEqualTo(HeapUser.WIPED);
                    left.add(marks);
                }
                answer.write('\n');
                answer.flush();
            }
            assertThat(process.waitFor()).isZero();
        } finally {
            process.destroyForcibly();
        }
        assertThat(left).isNotEmpty().containsOnly(0);
    }

    @ParameterizedTest
    @CsvSource({
        "'',true",
        "-XX:+DisableExplicitGC,false",
        "-XX:+ExplicitGCInvokesConcurrent,false",
        "-XX:+UseSerialGC,false"
    })
    void seesWhatItIsStartedWith(String option, boolean wiped) throws Exception {
        List<String> command = new ArrayList<>(List.of(JAVA, "-Xmx64m"));
        command.addAll(List.of(FreeHeap.OPTIONS.split(" ")));
        if (option.contains("SerialGC")) {
            command.remove("-XX:+UseG1GC");
        }
        if (!option.isEmpty()) {
            command.add(option);
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), HeapUser.class.getName(), "asked"));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said = process.inputReader()) {
            assertThat(said.readLine()).isEqualTo(Boolean.toString(wiped));
            assertThat(process.waitFor()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    private static int marksIn(long pid) throws IOException {
        byte[] mark = new byte[HeapUser.MARK_BYTES];
        for (int i = 0; i < mark.length; i++) {
            mark[i] = HeapUser.mark(i);
        }
        int found = 0;
        try (RandomAccessFile memory = new RandomAccessFile("/proc/" + pid + "/mem", "r")) {
            for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/maps"))) {
                if (line.matches("[0-9a-f]+-[0-9a-f]+ rw.*")) {
                    String[] ends = line.substring(0, line.indexOf(' ')).split("-");
                    found += marksIn(
                            memory, Long.parseUnsignedLong(ends[0], 16), Long.parseUnsignedLong(ends[1], 16), mark);
                }
            }
        }
        return found;
    }

    private static int marksIn(RandomAccessFile memory, long from, long to, byte[] mark) throws IOException {
        byte[] block = new byte[BLOCK_BYTES];
        int found = 0;
        for (long at = from; at < to; at += BLOCK_BYTES) {
            memory.seek(at);
            int read;
            try {
                read = memory.read(block, 0, (int) Math.min(BLOCK_BYTES, to - at));
            } catch (IOException e) { // given back to the system meanwhile
                continue;
            }
            for (int i = 0; i + mark.length <= read; i++) {
                if (block[i] == mark[0] && Arrays.equals(block, i, i + mark.length, mark, 0, mark.length)) {
                    found++;
                    i += mark.length - 1;
                }
            }
        }
        return found;
    }
}
