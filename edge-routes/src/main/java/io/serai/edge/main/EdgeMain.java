package io.serai.edge.main;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.memory.MemoryWiper;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** The command {@code serai-edge}. */
public final class EdgeMain {
    private static final String USAGE = """
            serai-edge [--config FILE] [--enrol CODE]
              --config FILE  the settings; edge.yaml in this folder if not given
              --enrol CODE   of "serai edge enrol" on a server, for the first start; also by SERAI_EDGE_CODE, which
                             other users of this machine do not see""";

    private EdgeMain() {}

    /** What the command line says. */
    record Words(Path config, Optional<EnrolmentCode> code) {
        static Words of(String[] arguments, Map<String, String> environment) {
            Path config = Path.of("edge.yaml");
            @Nullable String code = environment.get("SERAI_EDGE_CODE");
            for (int i = 0; i < arguments.length; i += 2) {
                boolean hasValue = i + 1 < arguments.length;
                if (arguments[i].equals("--config") && hasValue) {
                    config = Path.of(arguments[i + 1]);
                } else if (arguments[i].equals("--enrol") && hasValue) {
                    code = arguments[i + 1];
                } else {
                    throw new SeraiException(
                            ErrorCode.INVALID, "\"" + arguments[i] + "\" is not understood here\n" + USAGE);
                }
            }
            return new Words(
                    config,
                    Optional.ofNullable(code).filter(text -> !text.isBlank()).map(EnrolmentCode::parse));
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        System.exit(run(arguments, System.getenv(), System.err));
    }

    /** Runs until it is told to stop; 0 then, and 1 when it could not start. */
    static int run(String[] arguments, Map<String, String> environment, PrintStream errors)
            throws InterruptedException {
        MemoryWiper.prepare();
        CountDownLatch stopped = new CountDownLatch(1);
        try {
            Words words = Words.of(arguments, environment);
            String version = Optional.ofNullable(EdgeMain.class.getPackage().getImplementationVersion())
                    .orElse("dev");
            Edge edge = Edge.start(EdgeSettings.read(words.config()), words.code(), "serai-edge " + version);
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(
                            () -> {
                                edge.close();
                                stopped.countDown();
                            },
                            "stop-on-signal"));
        } catch (SeraiException e) {
            errors.println(e.text());
            return 1;
        }
        stopped.await();
        return 0;
    }
}
