package io.serai.config.settings;

import io.serai.config.yaml.Suggestion;
import java.util.List;
import java.util.Optional;

/** What of a node's settings may come from the cluster's configuration. */
public final class SettingsOverlay {
    /**
     * Needed before the configuration can be read, the same on all nodes, or not to be decided by those who configure:
     * what names files of the machine, and whom to believe.
     */
    private static final List<String> LOCAL = List.of(
            "home",
            "node.name",
            "node.lease",
            "node.join-token",
            "database.",
            "storage.",
            "monitors.",
            "sftp.host-keys",
            "tls.certificate",
            "tls.key",
            "library.",
            "log.");

    private static final String BELIEVED_BALANCERS = ".proxy-protocol-from";

    private SettingsOverlay() {}

    /**
     * The setting as it was given.
     *
     * @throws IllegalArgumentException that says what is wrong with it
     */
    public static String check(String text) {
        int equals = text.indexOf('=');
        if (equals < 1) {
            throw new IllegalArgumentException("expected key=value, such as sftp.port=2200");
        }
        String key = text.substring(0, equals);
        List<String> keys = Declarations.ALL.stream().<String>map(Setting::key).toList();
        Optional<Setting<?>> setting =
                Declarations.ALL.stream().filter(each -> each.key().equals(key)).findFirst();
        if (setting.isEmpty()) {
            throw new IllegalArgumentException(key + " is not a setting" + Suggestion.mend(key, keys));
        }
        if (LOCAL.stream().anyMatch(key::startsWith) || key.endsWith(BELIEVED_BALANCERS)) {
            throw new IllegalArgumentException(
                    key + " can only be set on the node itself, in its settings file, environment or --set");
        }
        if (setting.get().visibility() == Setting.Visibility.SECRET) {
            throw new IllegalArgumentException(key + " is a secret, which can only be set on the node itself");
        }
        Object unused = setting.get().type().reader().apply(text.substring(equals + 1));
        return text;
    }
}
