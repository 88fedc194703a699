package io.serai.config.document;

import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectFields;
import io.serai.config.object.ObjectFields.Field;
import io.serai.config.object.ObjectFields.Visibility;
import io.serai.config.object.Route;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/**
 * Objects to the files that {@link Documents} reads. Fields at their defaults are left out; a secret shows as
 * {@code "********"}, which keeps the stored secret when the document is applied to the same system.
 */
public final class ObjectYaml {
    private ObjectYaml() {}

    /** The file for this object: a document, or the route's source as it was given. */
    public static DocumentFile export(ConfigObject object) {
        if (object instanceof Route route) {
            String ending = switch (route.dsl()) {
                case YAML -> ".yaml";
                case JAVA -> ".java";
            };
            return new DocumentFile("routes/" + route.id() + ending, route.source());
        }
        String folder = object.kind().word().toLowerCase(Locale.ROOT) + "s/";
        return new DocumentFile(folder + object.objectName() + ".yaml", document(object));
    }

    private static String document(ConfigObject object) {
        Map<String, Object> spec = new LinkedHashMap<>();
        for (Field field : ObjectFields.of(object)) {
            Object value = field.value();
            if (value != null && !field.isDefault()) {
                spec.put(field.name(), field.visibility() == Visibility.SECRET ? SecretFields.KEEP : value);
            }
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("kind", object.kind().word());
        document.put("name", object.objectName());
        document.put("spec", spec);
        DumpSettings settings = DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setWidth(1000)
                .setIndicatorIndent(2)
                .setIndentWithIndicator(true)
                .build();
        return new Dump(settings).dumpToString(document);
    }
}
