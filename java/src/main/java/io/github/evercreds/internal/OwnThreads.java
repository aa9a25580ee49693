// How our own threads are made, and how a read knows that it is on one.
package io.github.evercreds.internal;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;

/**
 * Daemon threads that belong to nobody but this library: in the top-most thread group, without inherited thread-locals
 * and without a context class loader, so that they keep no application alive. Reads on them never wait.
 */
final class OwnThreads {
    private static final long STACK_BYTES = 1 << 20;
    private static final ThreadLocal<Boolean> OWN = new ThreadLocal<>();

    private OwnThreads() { }

    static boolean current() {
        return OWN.get() != null;
    }

    static Thread create(Runnable work, String name) {
        Runnable marked = () -> {
            OWN.set(Boolean.TRUE);
            try {
                work.run();
            } finally {
                OWN.remove();
            }
        };
        Thread thread = withoutInheritance(topGroup(), marked, name);
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
        return thread;
    }

    /** Java 9 has a constructor that inherits no thread-locals; on Java 8 they are taken away again. */
    private static Thread withoutInheritance(ThreadGroup group, Runnable work, String name) {
        try {
            Constructor<Thread> since9 = Thread.class.getConstructor(ThreadGroup.class, Runnable.class, String.class, long.class, boolean.class);
            return since9.newInstance(group, work, name, STACK_BYTES, false);
        } catch (ReflectiveOperationException java8) {
            Thread thread = new Thread(group, work, name, STACK_BYTES);
            try {
                Field field = Thread.class.getDeclaredField("inheritableThreadLocals");
                field.setAccessible(true);
                field.set(thread, null);
            } catch (ReflectiveOperationException | RuntimeException notThisJvm) {
                // A thread-local of the creator stays reachable while this thread runs: untidy, no more.
            }
            return thread;
        }
    }

    private static ThreadGroup topGroup() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        try {
            while (group.getParent() != null) {
                group = group.getParent();
            }
        } catch (SecurityException refused) {
            // The group reached so far will do.
        }
        return group;
    }
}
