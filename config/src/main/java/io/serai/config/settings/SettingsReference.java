package io.serai.config.settings;

/** The reference page of all settings (docs/settings.md), made from their declarations. */
public final class SettingsReference {
    private SettingsReference() {}

    /** The page as Markdown. */
    public static String markdown() {
        StringBuilder page = new StringBuilder("""
                # Settings

                <!-- Made from the declarations in config/src/main/java/io/serai/config/settings/Declarations.java; a test
                     fails when this page is stale and says how to renew it. -->

                The settings of one node come from three places; the later wins:

                1. a YAML file, nested by subject (`sftp:` and below it `port: 2222`) or dotted (`sftp.port: 2222`),
                2. environment variables (`SERAI_SFTP_PORT=2222`),
                3. the command line (`--set sftp.port=2222`).

                Unknown keys, unknown `SERAI_…` variables and bad values stop the start; the message lists all of them with
                file, line and mend. Durations have a unit (`500ms`, `10s`, `5m`, `24h`, `7d`). Lists are separated by commas,
                or are YAML lists. A secret is given as it is, as `env:NAME` or as `file:PATH`. Relative paths are taken from
                `home`.
                """);
        String subject = "";
        for (Setting<?> setting : Declarations.ALL) {
            if (!setting.subject().equals(subject)) {
                subject = setting.subject();
                page.append("\n## ")
                        .append(subject)
                        .append("\n\n| Setting | Type | Default | Meaning |\n| --- | --- | --- | --- |\n");
            }
            page.append("| `")
                    .append(setting.key())
                    .append("`<br>`")
                    .append(setting.variable())
                    .append("` | ")
                    .append(setting.type().word())
                    .append(" | ")
                    .append(setting.shownDefault())
                    .append(" | ")
                    .append(setting.description())
                    .append(setting.visibility() == Setting.Visibility.SECRET ? " Never shown." : "")
                    .append(" |\n");
        }
        return page.toString();
    }
}
