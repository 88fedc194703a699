package io.serai.server.cli;

import io.serai.config.document.DocumentFile;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The files that a command is given, each with its text: single files, folders with all below them, {@code -}. */
final class SourceFiles {
    private static final long LONGEST_BYTES = 4L << 20;

    private SourceFiles() {}

    static List<DocumentFile> read(List<String> arguments) {
        List<DocumentFile> files = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.equals("-")) {
                files.add(new DocumentFile("standard-input.yaml", standardInput()));
            } else {
                addPath(files, Path.of(argument));
            }
        }
        if (files.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.INVALID, "There is no .yaml, .yml or .java file in " + String.join(", ", arguments));
        }
        return files;
    }

    private static void addPath(List<DocumentFile> files, Path path) {
        try {
            if (!Files.isDirectory(path)) {
                files.add(file(path));
                return;
            }
            try (Stream<Path> tree = Files.walk(path, 8)) {
                for (Path file : tree.filter(SourceFiles::isSource).sorted().toList()) {
                    files.add(file(file));
                }
            }
        } catch (NoSuchFileException e) {
            throw new SeraiException(ErrorCode.NO_SUCH_FILE, path + " does not exist", e);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, path + " cannot be read: " + e, e);
        }
    }

    private static boolean isSource(Path path) {
        for (Path part : path) {
            String name = part.toString();
            if (name.startsWith(".") && !name.equals(".") && !name.equals("..")) {
                return false;
            }
        }
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        return Files.isRegularFile(path) && (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".java"));
    }

    private static DocumentFile file(Path path) throws IOException {
        if (Files.size(path) > LONGEST_BYTES) {
            throw new SeraiException(ErrorCode.TOO_LARGE, path + " is larger than 4 MiB, which no route or object is");
        }
        return new DocumentFile(path.toString(), Files.readString(path));
    }

    private static String standardInput() {
        try {
            return new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "Standard input cannot be read: " + e, e);
        }
    }
}
