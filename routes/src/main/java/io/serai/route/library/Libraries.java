package io.serai.route.library;

import io.serai.cluster.library.LibraryContents;
import io.serai.cluster.object.ObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Library;
import io.serai.config.object.Route;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.camel.CamelContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The libraries of custom steps that this node has in force. A library comes as a JAR through the database, whose content is
 * not trusted: each node checks the checksum and the signature by keys of its own operator before it defines a class of
 * it. Its classes are found by the context's class resolver ({@code beanType: com.acme.Check}), its beans in the registry.
 *
 * <p>Its lock guards what is loaded. Routes that use a library keep the classes they began with until they are deployed
 * anew.
 */
public final class Libraries {
    private static final Logger LOG = LoggerFactory.getLogger(Libraries.class);
    private static final String OWN_BEAN = "serai.*|PROPAGATION_.*|duplicates|transactionManager|userTransaction";

    private final CamelContext camel;
    private final ObjectStore objects;
    private final LibraryContents contents;
    private final TrustedKeys trusted;
    private final LibraryClasses classes;
    private final Map<String, Loaded> loaded = new TreeMap<>();
    private final Map<String, String> broken = new TreeMap<>();
    private final Map<String, Set<String>> lastChanged = new TreeMap<>();
    private final Set<String> unsaid = new TreeSet<>();

    private record Loaded(Library library, JarInMemory jar, Set<String> beans) {
        /** The words by which a route's text shows that it uses this library. */
        Set<String> words() {
            Set<String> words = new TreeSet<>(beans);
            words.addAll(jar.classNames());
            return words;
        }
    }

    /** Makes classes of libraries known to the context; nothing is loaded yet. */
    public Libraries(CamelContext camel, ObjectStore objects, LibraryContents contents, TrustedKeys trusted) {
        this.camel = camel;
        this.objects = objects;
        this.contents = contents;
        this.trusted = trusted;
        this.classes = new LibraryClasses(Libraries.class.getClassLoader());
        camel.getClassResolver().addClassLoader(classes);
    }

    /** Why this node would not load a library; empty when it would. Nothing is put in force, and no bean is made. */
    public List<String> objections(Library library) {
        try {
            open(library);
            return List.of();
        } catch (SeraiException e) {
            return List.of(e.text());
        }
    }

    /** The routes that use a library, by their texts. */
    public synchronized List<String> users(String library, List<Route> routes) {
        Loaded found = loaded.get(library);
        return found == null
                ? List.of()
                : routes.stream()
                        .filter(route -> usesAny(route, found.words()))
                        .map(route -> route.id().value())
                        .toList();
    }

    /**
     * Makes what is loaded equal to the library objects now.
     *
     * @return words by which routes show that they use what has changed
     * @throws SeraiException when the database could not be asked for a library; what could be done is done, and said next
     *     time
     */
    public synchronized Set<String> refresh() {
        Map<String, Library> wanted = new LinkedHashMap<>();
        objects.all(Library.class).forEach(library -> wanted.put(library.objectName(), library));
        Optional<SeraiException> unread = Optional.empty();
        broken.keySet().retainAll(wanted.keySet());
        for (String name : List.copyOf(loaded.keySet())) {
            if (!wanted.containsKey(name)) {
                Set<String> words = unload(name);
                lastChanged.put(name, words);
                unsaid.addAll(words);
                LOG.info("Library {} was removed", name);
            }
        }
        for (Library library : wanted.values()) {
            Loaded before = loaded.get(library.objectName());
            if (before == null || !before.library().equals(library)) {
                try {
                    unsaid.addAll(replace(library));
                } catch (SeraiException e) {
                    unread = Optional.of(e);
                }
            }
        }
        if (unread.isPresent()) {
            throw unread.get();
        }
        Set<String> changed = Set.copyOf(unsaid);
        unsaid.clear();
        return changed;
    }

    /** What keeps libraries from being in force here. */
    public synchronized List<String> problems(Set<String> names) {
        return broken.entrySet().stream()
                .filter(entry -> names.contains(entry.getKey()))
                .map(Map.Entry::getValue)
                .toList();
    }

    /** The words by which routes show that they use what the last change of these libraries changed here. */
    public synchronized Set<String> lastChanged(Set<String> names) {
        Set<String> words = new TreeSet<>();
        names.forEach(name -> words.addAll(lastChanged.getOrDefault(name, Set.of())));
        return words;
    }

    /** Whether a route's text names one of these classes or beans. */
    public static boolean usesAny(Route route, Set<String> words) {
        return words.stream().anyMatch(route.source()::contains);
    }

    private Set<String> replace(Library library) {
        String name = library.objectName();
        try {
            JarInMemory jar = open(library);
            Map<String, Object> beans = jar.newBeans();
            requireFree(name, beans.keySet());
            Set<String> changed = unload(name);
            beans.forEach((bean, instance) -> camel.getRegistry().bind(bean, instance));
            Loaded now = new Loaded(library, jar, Set.copyOf(beans.keySet()));
            loaded.put(name, now);
            broken.remove(name);
            classes.replace(jars());
            changed.addAll(now.words());
            lastChanged.put(name, Set.copyOf(changed));
            LOG.info(
                    "Library {} ({}) is in force: {} classes, beans {}",
                    name,
                    library.sha256(),
                    jar.classNames().size(),
                    now.beans());
            return changed;
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.RESOURCE) {
                throw e;
            }
            LOG.error("{}", e.text());
            broken.put(name, e.text());
            return Set.of();
        }
    }

    private Set<String> unload(String name) {
        Loaded former = loaded.remove(name);
        if (former == null) {
            return new TreeSet<>();
        }
        former.beans().forEach(bean -> camel.getRegistry().unbind(bean));
        classes.replace(jars());
        return new TreeSet<>(former.words());
    }

    private List<JarInMemory> jars() {
        return new ArrayList<>(loaded.values().stream().map(Loaded::jar).toList());
    }

    private JarInMemory open(Library library) {
        String name = library.objectName();
        byte[] bytes = contents.find(library.sha256())
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT,
                        "The library " + name + " is not loaded: its bytes are not in the database; add it again"));
        if (!LibraryContents.sha256(bytes).equals(library.sha256()) || bytes.length != library.sizeBytes()) {
            throw new SeraiException(
                    ErrorCode.REJECTED_CONTENT,
                    "The library " + name
                            + " is not loaded: its bytes were changed in the database (the checksum differs)");
        }
        trusted.requireSigned(name, bytes, library.signature());
        return new JarInMemory(name, bytes, Libraries.class.getClassLoader());
    }

    private void requireFree(String library, Set<String> beans) {
        for (String bean : beans) {
            boolean ofAnother = loaded.values().stream()
                    .anyMatch(other -> !other.library().objectName().equals(library)
                            && other.beans().contains(bean));
            if (bean.matches(OWN_BEAN) || ofAnother) {
                throw new SeraiException(
                        ErrorCode.CONFLICT,
                        "The library " + library + " is not loaded: its bean \"" + bean
                                + "\" has a name that is taken; give it another");
            }
        }
    }
}
