package io.serai.config.settings;

import io.serai.config.error.SeraiException;
import io.serai.config.name.Network;
import io.serai.config.name.NodeName;
import io.serai.config.secret.SecretSource;
import io.serai.config.yaml.DurationText;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How the text of a setting is read.
 *
 * @param word what the reference page calls it, with its unit
 * @param reader throws an IllegalArgumentException that says what is expected, without the text itself
 */
record SettingType<T>(String word, Function<String, T> reader) {
    private static final Pattern HOST =
            Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9.]+)?");

    static SettingType<String> text(String word) {
        return new SettingType<>(word, text -> {
            if (text.isBlank()) {
                throw new IllegalArgumentException("expected a text");
            }
            return text;
        });
    }

    static SettingType<Boolean> flag() {
        return new SettingType<>("true or false", text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("expected true or false");
        });
    }

    static SettingType<Integer> number(int least, int most) {
        String range = "a whole number from " + least + " to " + most;
        return new SettingType<>(range, text -> {
            try {
                int number = Integer.parseInt(text);
                if (number >= least && number <= most) {
                    return number;
                }
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("expected " + range, e);
            }
            throw new IllegalArgumentException("expected " + range);
        });
    }

    /** 0 takes a free port, which the node writes to run/node.json. */
    static SettingType<Integer> port() {
        return new SettingType<>("port, 0 for a free one", text -> {
            try {
                return number(0, 65_535).reader.apply(text);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("expected a port from 1 to 65535, or 0 for a free one", e);
            }
        });
    }

    static SettingType<PortRange> ports() {
        return new SettingType<>("port range such as 50000-50999", PortRange::parse);
    }

    static SettingType<Duration> duration(Duration least, Duration most) {
        String range = "from " + DurationText.format(least) + " to " + DurationText.format(most);
        return new SettingType<>("duration " + range, text -> {
            Duration duration = DurationText.parse(text);
            if (duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
                throw new IllegalArgumentException("expected a duration " + range);
            }
            return duration;
        });
    }

    static SettingType<Path> path() {
        return new SettingType<>("path", text -> {
            try {
                if (!text.isBlank()) {
                    return Path.of(text);
                }
            } catch (InvalidPathException e) {
                throw new IllegalArgumentException("expected a path", e);
            }
            throw new IllegalArgumentException("expected a path");
        });
    }

    static SettingType<String> host() {
        return new SettingType<>("host name or address", text -> {
            if (!HOST.matcher(text).matches()) {
                throw new IllegalArgumentException("expected a host name or an IP address");
            }
            return text;
        });
    }

    static SettingType<List<String>> hosts() {
        return new SettingType<>(
                "list of host names or addresses",
                text -> Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(item -> !item.isEmpty())
                        .map(host().reader())
                        .toList());
    }

    static SettingType<List<String>> labels() {
        return new SettingType<>(
                "list of words",
                text -> Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(item -> !item.isEmpty())
                        .map(nodeName().reader())
                        .map(NodeName::value)
                        .toList());
    }

    static SettingType<List<Network>> networks() {
        return new SettingType<>(
                "list of addresses or networks",
                text -> Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(item -> !item.isEmpty())
                        .map(Network::parse)
                        .toList());
    }

    static SettingType<List<Path>> folders() {
        return new SettingType<>(
                "list of absolute paths",
                text -> Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(item -> !item.isEmpty())
                        .map(SettingType::folder)
                        .toList());
    }

    private static Path folder(String text) {
        Path folder = Path.of(text).normalize();
        if (!folder.isAbsolute() || folder.getNameCount() == 0) {
            throw new IllegalArgumentException("expected an absolute path other than /");
        }
        return folder;
    }

    static SettingType<NodeName> nodeName() {
        return new SettingType<>("name", text -> {
            try {
                return new NodeName(text);
            } catch (SeraiException e) {
                throw new IllegalArgumentException(
                        "expected 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit", e);
            }
        });
    }

    /** A secret, {@code env:NAME} or {@code file:PATH}, resolved when the settings are read. */
    static SettingType<SecretSource> secret() {
        return new SettingType<>("secret, env:NAME or file:PATH", text -> {
            if (text.isBlank()) {
                throw new IllegalArgumentException("expected a secret, env:NAME or file:PATH");
            }
            try {
                return SecretSource.parse(text, Path.of(""));
            } catch (SeraiException e) {
                throw new IllegalArgumentException(e.text(), e);
            }
        });
    }

    static <E extends Enum<E>> SettingType<E> choice(Class<E> choices) {
        String words = Arrays.stream(choices.getEnumConstants())
                .map(choice -> choice.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        return new SettingType<>(
                "one of " + words,
                text -> Arrays.stream(choices.getEnumConstants())
                        .filter(choice -> choice.name().equalsIgnoreCase(text))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("expected one of " + words)));
    }
}
