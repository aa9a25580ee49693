// Runs code of a test in a class loader of its own: its own statics, its own engine, its own native library.
package io.github.evercreds;

import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** A class loader with the test's own class path, or a part of it, and nothing of the parent's but the JDK. */
public final class Isolated implements AutoCloseable {
    private final URLClassLoader loader;

    /**
     * Makes one.
     *
     * @param entry which class path entries it sees
     */
    public Isolated(Predicate<String> entry) throws Exception {
        List<URL> path = new ArrayList<>();
        for (String each : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.test(each)) {
                path.add(new File(each).toURI().toURL());
            }
        }
        loader = new URLClassLoader(path.toArray(new URL[0]), ClassLoader.getSystemClassLoader().getParent());
    }

    /** The loader itself. */
    public ClassLoader loader() {
        return loader;
    }

    /** Calls the public static method without arguments of the class with the same name in this loader. */
    public Object call(Class<?> type, String method) throws Exception {
        try {
            return loader.loadClass(type.getName()).getMethod(method).invoke(null);
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof Error) {
                throw (Error) thrown.getCause();
            }
            throw (Exception) thrown.getCause();
        }
    }

    @Override
    public void close() throws java.io.IOException {
        loader.close();
    }
}
