package io.serai.route.library;

import java.util.List;

/** The classes of all libraries in force, for a resolver that knows one class loader for good. */
final class LibraryClasses extends ClassLoader {
    private volatile List<JarInMemory> jars = List.of();

    LibraryClasses(ClassLoader platform) {
        super("libraries", platform);
    }

    void replace(List<JarInMemory> now) {
        jars = List.copyOf(now);
    }

    @Override
    public Class<?> loadClass(String name) throws ClassNotFoundException {
        for (JarInMemory jar : jars) {
            if (jar.classNames().contains(name)) {
                return jar.loadClass(name);
            }
        }
        return super.loadClass(name);
    }
}
