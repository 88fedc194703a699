package io.serai.route.library;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The classes of one version of a library, straight from its verified bytes: no file is ever read, so none can be changed
 * between the check and the use. The platform's own classes come first.
 */
final class JarInMemory extends ClassLoader {
    private static final String BEANS = "META-INF/serai/beans";
    private static final long MOST_UNPACKED_BYTES = 64L << 20;

    private final String name;
    private final Map<String, byte[]> entries = new HashMap<>();

    JarInMemory(String name, byte[] jar, ClassLoader platform) {
        super("library " + name, platform);
        this.name = name;
        long unpacked = 0;
        try (JarInputStream stream = new JarInputStream(new ByteArrayInputStream(jar), false)) {
            for (JarEntry entry = stream.getNextJarEntry(); entry != null; entry = stream.getNextJarEntry()) {
                byte[] bytes = stream.readNBytes((int) (MOST_UNPACKED_BYTES - unpacked + 1));
                unpacked += bytes.length;
                if (unpacked > MOST_UNPACKED_BYTES) {
                    throw invalid("holds more than " + (MOST_UNPACKED_BYTES >> 20) + " MiB when it is unpacked", null);
                }
                if (!entry.isDirectory()) {
                    entries.put(entry.getName(), bytes);
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            throw invalid("is not a JAR: " + e.getMessage(), e);
        }
        if (classNames().isEmpty()) {
            throw invalid("holds no classes", null);
        }
        classNames().stream()
                .filter(each -> each.startsWith("java."))
                .findFirst()
                .ifPresent(each -> {
                    throw invalid("holds " + each + ", a name that Java keeps for its own classes; rename it", null);
                });
    }

    /** The names of its classes. */
    Set<String> classNames() {
        Set<String> names = new TreeSet<>();
        for (String entry : entries.keySet()) {
            if (entry.endsWith(".class") && !entry.startsWith("META-INF/") && !entry.equals("module-info.class")) {
                names.add(entry.substring(0, entry.length() - ".class".length()).replace('/', '.'));
            }
        }
        return names;
    }

    /** New instances of the beans that {@code META-INF/serai/beans} names ({@code name=class} a line). */
    Map<String, Object> newBeans() {
        byte[] list = entries.get(BEANS);
        Map<String, Object> beans = new LinkedHashMap<>();
        if (list == null) {
            return beans;
        }
        Properties named = new Properties();
        try {
            named.load(new ByteArrayInputStream(list));
            for (String bean : new TreeSet<>(named.stringPropertyNames())) {
                beans.put(
                        bean,
                        loadClass(named.getProperty(bean, "").strip())
                                .getDeclaredConstructor()
                                .newInstance());
            }
            return beans;
        } catch (IOException | ReflectiveOperationException | RuntimeException | LinkageError e) {
            // Properties says with an unchecked exception that the list is malformed.
            throw invalid("has a bean that cannot be made: " + e, e);
        }
    }

    @Override
    protected Class<?> findClass(String className) throws ClassNotFoundException {
        byte[] bytes = entries.get(className.replace('.', '/') + ".class");
        if (bytes == null) {
            throw new ClassNotFoundException(className);
        }
        return defineClass(className, bytes, 0, bytes.length);
    }

    @Override
    public @Nullable InputStream getResourceAsStream(String resource) {
        byte[] bytes = entries.get(resource);
        return bytes == null ? super.getResourceAsStream(resource) : new ByteArrayInputStream(bytes);
    }

    @Override
    protected Enumeration<java.net.URL> findResources(String resource) {
        return java.util.Collections.emptyEnumeration();
    }

    private SeraiException invalid(String why, @Nullable Throwable cause) {
        return new SeraiException(ErrorCode.INVALID, "The library " + name + " " + why, cause);
    }

    @Override
    public String toString() {
        return name + Arrays.toString(classNames().toArray());
    }
}
