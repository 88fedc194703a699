package io.serai.config.document;

import io.serai.config.object.ObjectKind;
import io.serai.config.secret.SecretLookup;
import io.serai.config.yaml.Mark;
import io.serai.config.yaml.Problems;
import io.serai.config.yaml.Suggestion;
import io.serai.config.yaml.YamlFields;
import io.serai.config.yaml.YamlText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads configuration objects from files: YAML with documents of {@code kind}, {@code name} and {@code spec}, and route
 * files (a YAML list with one {@code - route:}, or {@code .java}). All files are read and checked as one set; everything
 * that is wrong is reported at once.
 *
 * <p>The same class serves both sides: {@code serai apply} reads with {@link io.serai.config.secret.LocalSecrets}, which
 * remembers what {@code env:} and {@code file:} stood for, and sends that along with the texts; the server reads the
 * texts again with {@link io.serai.config.secret.GivenSecrets}.
 */
public final class Documents {
    private final SecretLookup secrets;
    private final CronCheck cron;

    public Documents(SecretLookup secrets, CronCheck cron) {
        this.secrets = secrets;
        this.cron = cron;
    }

    /**
     * The objects of all files, in their order.
     *
     * @throws io.serai.config.error.SeraiException with code INVALID and all problems, each with file, line and mend
     */
    public List<ObjectDraft> parse(List<DocumentFile> files) {
        Problems problems = new Problems();
        List<ObjectDraft> drafts = new ArrayList<>();
        for (DocumentFile file : files) {
            parse(file, problems, drafts);
        }
        checkNamesDiffer(drafts, problems);
        problems.throwIfAny("Nothing was changed, because the documents are not right");
        return drafts;
    }

    private void parse(DocumentFile file, Problems problems, List<ObjectDraft> drafts) {
        String ending = file.name().substring(file.name().lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        switch (ending) {
            case "java" -> RouteReader.java(file, problems).ifPresent(drafts::add);
            case "yaml", "yml" -> parseYaml(file, problems, drafts);
            default ->
                problems.add(new Mark(file.name(), 1, 1), "expected a file whose name ends in .yaml, .yml or .java");
        }
    }

    private void parseYaml(DocumentFile file, Problems problems, List<ObjectDraft> drafts) {
        int before = problems.count();
        List<Node> documents = YamlText.documents(file.name(), file.text(), problems);
        if (documents.isEmpty() && problems.count() == before) {
            problems.add(new Mark(file.name(), 1, 1), "the file is empty; remove it, or write a document");
        }
        for (Node document : documents) {
            if (document instanceof MappingNode mapping) {
                parseObject(file, mapping, problems).ifPresent(drafts::add);
            } else if (document instanceof SequenceNode list && documents.size() == 1) {
                RouteReader.yaml(file, list, problems).ifPresent(drafts::add);
            } else if (document instanceof SequenceNode) {
                problems.add(
                        Mark.of(file.name(), document),
                        "a route needs a file of its own; move this list to a file that is called as the route's id");
            } else {
                problems.add(
                        Mark.of(file.name(), document),
                        "expected a document with kind, name and spec, or a list with - route:; found "
                                + YamlText.describe(document));
            }
        }
    }

    private Optional<ObjectDraft> parseObject(DocumentFile file, MappingNode mapping, Problems problems) {
        int before = problems.count();
        YamlFields document = new YamlFields(file.name(), "", mapping, problems);
        Optional<ObjectKind> kind = kind(document);
        Optional<String> name = document.read("name", text -> text);
        if (!document.has("name")) {
            document.missing("name", "give the object a name of letters, digits, '.', '_' and '-'");
        }
        Optional<YamlFields> spec = document.mapping("spec");
        if (!document.has("spec")) {
            document.missing("spec", "put the fields of the object below spec:");
        }
        document.finish(Map.of("metadata", "name", "type", "kind"));
        if (kind.isEmpty() || name.isEmpty() || spec.isEmpty()) {
            return Optional.empty();
        }
        Path folder = Optional.ofNullable(Path.of(file.name()).getParent()).orElse(Path.of(""));
        SecretFields secretFields = new SecretFields(spec.get(), secrets, folder);
        Optional<ObjectDraft> draft = switch (kind.get()) {
            case ACCOUNT -> new AccountReader(document, spec.get(), secretFields).read(name.get());
            case SITE -> new SiteReader(document, spec.get(), secretFields).read(name.get());
            case CALENDAR -> new CalendarReader(document, spec.get()).read(name.get());
            case SCHEDULE -> new ScheduleReader(document, spec.get(), cron).read(name.get());
            case ZONE -> new ZoneReader(document, spec.get(), secretFields).read(name.get());
            case NODE -> new NodeReader(document, spec.get()).read(name.get());
            case LIBRARY -> {
                document.reject("kind", "a library is a signed JAR: serai library add NAME JAR --signature FILE");
                yield Optional.empty();
            }
            case DATA_SOURCE, CONNECTION_FACTORY ->
                new ResourceReader(document, spec.get(), secretFields).read(kind.get(), name.get());
            case ROUTE -> {
                document.reject(
                        "kind",
                        "a route is a file of its own: a YAML list with - route:, or a .java file, called as"
                                + " the route's id");
                yield Optional.empty();
            }
        };
        return problems.count() == before ? draft : Optional.empty();
    }

    private static Optional<ObjectKind> kind(YamlFields document) {
        if (!document.has("kind")) {
            document.missing(
                    "kind",
                    "write kind: Account, Site, Schedule, Calendar, Node, Zone, DataSource or ConnectionFactory; a route file"
                            + " is a list with - route:");
        }
        return document.read(
                "kind",
                text -> Arrays.stream(ObjectKind.values())
                        .filter(kind -> kind.word().equals(text))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("there is no such kind"
                                + Suggestion.mend(
                                        text,
                                        Arrays.stream(ObjectKind.values())
                                                .map(ObjectKind::word)
                                                .toList()))));
    }

    private static void checkNamesDiffer(List<ObjectDraft> drafts, Problems problems) {
        Map<String, ObjectDraft> seen = new LinkedHashMap<>();
        for (ObjectDraft draft : drafts) {
            String name = draft.object().kind().word() + " " + draft.object().objectName();
            ObjectDraft first = seen.putIfAbsent(name, draft);
            if (first != null) {
                problems.add(
                        draft.mark(),
                        name + " is declared twice, first at " + first.mark() + "; remove one of the two");
            }
        }
    }
}
