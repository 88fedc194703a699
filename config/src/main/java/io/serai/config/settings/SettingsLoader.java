package io.serai.config.settings;

import io.serai.config.name.NodeName;
import io.serai.config.yaml.Problems;
import io.serai.config.yaml.Suggestion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads a node's settings from a YAML file, then the {@code SERAI_…} environment variables, then {@code --set
 * key=value}; the later wins. Everything that is wrong is reported at once.
 */
public final class SettingsLoader {
    private static final String PREFIX = "SERAI_";

    private final Map<String, String> environment;
    private final Set<String> otherVariables;
    private final Map<String, Setting<?>> declared = Declarations.ALL.stream()
            .collect(Collectors.toMap(Setting::key, Function.identity(), (a, b) -> a, LinkedHashMap::new));

    /**
     * Prepares reading.
     *
     * @param environment the environment of the process
     * @param otherVariables names that begin with {@code SERAI_} and are no settings: those of the launcher and the
     *     client commands
     */
    public SettingsLoader(Map<String, String> environment, Set<String> otherVariables) {
        this.environment = Map.copyOf(environment);
        this.otherVariables = Set.copyOf(otherVariables);
    }

    /**
     * The settings, complete and checked.
     *
     * @param file the settings file, if there is one
     * @param overrides {@code key=value} each, from {@code --set}
     * @param defaultHome the home where the setting {@code home} is not given
     * @throws io.serai.config.error.SeraiException with code INVALID and all problems, each with its place and mend
     */
    public NodeSettings load(Optional<Path> file, List<String> overrides, Path defaultHome) {
        return load(file, overrides, defaultHome, List.of());
    }

    /**
     * As above, with what the cluster's configuration says of this node: it goes before the file, and after environment and
     * overrides, so that a person at the machine can always mend a node that its overlay keeps from starting.
     *
     * @param overlay {@code key=value} each
     */
    public NodeSettings load(Optional<Path> file, List<String> overrides, Path defaultHome, List<String> overlay) {
        Problems problems = new Problems();
        Map<String, GivenValue> given = new LinkedHashMap<>();
        file.ifPresent(path -> given.putAll(SettingsFile.read(path, declared, problems)));
        given.putAll(fromOverlay(overlay, problems));
        given.putAll(fromEnvironment(problems));
        given.putAll(fromOverrides(overrides, problems));

        SettingValues values = new SettingValues(given, problems);
        NodeSettings settings = new SettingsReader(values, environment, this::hostName).read(defaultHome);
        problems.throwIfAny("The settings are not right and the node does not start");
        return settings;
    }

    private Map<String, GivenValue> fromEnvironment(Problems problems) {
        Map<String, Setting<?>> byVariable =
                declared.values().stream().collect(Collectors.toMap(Setting::variable, Function.identity()));
        Map<String, GivenValue> given = new LinkedHashMap<>();
        new TreeMap<>(environment).forEach((name, value) -> {
            Setting<?> setting = byVariable.get(name);
            if (setting != null) {
                given.put(setting.key(), new GivenValue(value, "environment variable " + name));
            } else if (name.startsWith(PREFIX) && !otherVariables.contains(name)) {
                List<String> known = Stream.concat(byVariable.keySet().stream(), otherVariables.stream())
                        .toList();
                problems.add(
                        "environment variable " + name,
                        "no setting has this name" + Suggestion.mend(name, known)
                                + "; unset it if another program needs it under this name");
            }
        });
        return given;
    }

    private static Map<String, GivenValue> fromOverlay(List<String> overlay, Problems problems) {
        String origin = "this node's Node object in the cluster's configuration";
        Map<String, GivenValue> given = new LinkedHashMap<>();
        for (String text : overlay) {
            try {
                String checked = SettingsOverlay.check(text);
                int equals = checked.indexOf('=');
                given.put(checked.substring(0, equals), new GivenValue(checked.substring(equals + 1), origin));
            } catch (IllegalArgumentException e) {
                problems.add(origin, String.valueOf(e.getMessage()));
            }
        }
        return given;
    }

    private Map<String, GivenValue> fromOverrides(List<String> overrides, Problems problems) {
        Map<String, GivenValue> given = new LinkedHashMap<>();
        for (String override : overrides) {
            int equals = override.indexOf('=');
            String key = equals < 0 ? override : override.substring(0, equals);
            String origin = "--set " + key;
            if (equals < 0) {
                problems.add(origin, "expected key=value, such as --set sftp.port=2222");
            } else if (!declared.containsKey(key)) {
                problems.add(origin, key + " is not a setting" + Suggestion.mend(key, declared.keySet()));
            } else if (given.put(key, new GivenValue(override.substring(equals + 1), origin)) != null) {
                problems.add(origin, key + " is given twice; remove one of the two");
            }
        }
        return given;
    }

    /** The host's name made fit for a node's; {@code node-1} where there is none that tells hosts apart. */
    private NodeName hostName() {
        String name = environment.getOrDefault("HOSTNAME", "");
        try {
            Path kernel = Path.of("/proc/sys/kernel/hostname");
            if (name.isBlank() && Files.isReadable(kernel)) {
                name = Files.readString(kernel);
            }
        } catch (IOException e) {
            name = "";
        }
        String fit = name.strip().replaceAll("[^A-Za-z0-9._-]", "-").replaceAll("^[._-]+", "");
        boolean tellsNothing = fit.isEmpty() || fit.startsWith("localhost");
        return new NodeName(tellsNothing ? "node-1" : fit.substring(0, Math.min(64, fit.length())));
    }
}
