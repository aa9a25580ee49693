// Where log lines go: SLF4J if it is on the classpath, else java.util.logging. Neither is needed to compile or to run.
package io.github.evercreds.internal;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Writes log lines on the calling thread. What an appender throws stays here. */
public final class Logs {
    static final int OFF = 0;
    static final int ERROR = 1;
    static final int WARN = 2;
    static final int INFO = 3;
    static final int DEBUG = 4;
    static final int TRACE = 5;

    /** The logger of everything that the Java side says. */
    static final String LOGGER = "io.github.evercreds";

    private static final int MOST_REMEMBERED = 256;
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    private Logs() { }

    /** One line per distinct text in this class loader's life: a hundred providers with one fault make one line. */
    public static void warnOnce(String message) {
        once(WARN, message);
    }

    /** As {@link #warnOnce}, for what is no fault. */
    public static void infoOnce(String message) {
        once(INFO, message);
    }

    private static void once(int level, String message) {
        if (SAID.size() < MOST_REMEMBERED && SAID.add(message)) {
            write(level, LOGGER, message);
        }
    }

    static void write(int level, String logger, String message) {
        try {
            if (Slf4j.AVAILABLE) {
                Slf4j.write(level, logger, message);
            } else {
                Jul.write(level, logger, message);
            }
        } catch (RuntimeException | LinkageError appender) {
            // A log line is never worth an application; there is no better place to complain than the one that failed.
        }
    }

    /** The level at which the engine may speak: what the logger would let through anyway. */
    static int engineLevel() {
        try {
            return Slf4j.AVAILABLE ? Slf4j.level(LOGGER) : Jul.level(LOGGER);
        } catch (RuntimeException | LinkageError appender) {
            return INFO;
        }
    }

    private static final class Jul {
        private static final Level[] LEVELS = {Level.OFF, Level.SEVERE, Level.WARNING, Level.INFO, Level.FINE, Level.FINER};

        static void write(int level, String logger, String message) {
            // The class and method are ours, not what a stack walk would find.
            Logger.getLogger(logger).logp(LEVELS[Math.max(ERROR, Math.min(level, TRACE))], logger, "", message);
        }

        static int level(String logger) {
            for (int level = TRACE; level > OFF; level--) {
                if (Logger.getLogger(logger).isLoggable(LEVELS[level])) {
                    return level;
                }
            }
            return OFF;
        }
    }

    private static final class Slf4j {
        private static final String[] NAMES = {"", "error", "warn", "info", "debug", "trace"};
        static final boolean AVAILABLE;
        private static final Method GET_LOGGER;
        private static final Method[] WRITE = new Method[NAMES.length];
        private static final Method[] ENABLED = new Method[NAMES.length];
        private static final Map<String, Object> LOGGERS = new ConcurrentHashMap<>();

        static {
            Method getLogger = null;
            try {
                ClassLoader ours = Logs.class.getClassLoader();
                getLogger = Class.forName("org.slf4j.LoggerFactory", true, ours).getMethod("getLogger", String.class);
                Class<?> type = Class.forName("org.slf4j.Logger", true, ours);
                for (int level = ERROR; level <= TRACE; level++) {
                    String name = NAMES[level];
                    WRITE[level] = type.getMethod(name, String.class);
                    ENABLED[level] = type.getMethod("is" + Character.toUpperCase(name.charAt(0)) + name.substring(1) + "Enabled");
                }
            } catch (ReflectiveOperationException | LinkageError | RuntimeException absent) {
                getLogger = null;
            }
            GET_LOGGER = getLogger;
            AVAILABLE = getLogger != null && bound();
        }

        /** SLF4J without a backend, as beside a bare SDK v2, swallows every line; java.util.logging shows the warnings. */
        private static boolean bound() {
            try {
                return !call(GET_LOGGER, null, LOGGER).getClass().getName().contains("NOPLogger");
            } catch (RuntimeException | LinkageError broken) {
                return false;
            }
        }

        static void write(int level, String logger, String message) {
            call(WRITE[Math.max(ERROR, Math.min(level, TRACE))], logger(logger), message);
        }

        static int level(String logger) {
            for (int level = TRACE; level > OFF; level--) {
                if (Boolean.TRUE.equals(call(ENABLED[level], logger(logger)))) {
                    return level;
                }
            }
            return OFF;
        }

        private static Object logger(String name) {
            Object known = LOGGERS.get(name);
            if (known == null) {
                known = call(GET_LOGGER, null, name);
                if (LOGGERS.size() < MOST_REMEMBERED) {
                    LOGGERS.put(name, known);
                }
            }
            return known;
        }

        private static Object call(Method method, Object target, Object... arguments) {
            try {
                return method.invoke(target, arguments);
            } catch (InvocationTargetException thrown) {
                if (thrown.getCause() instanceof VirtualMachineError) {
                    throw (VirtualMachineError) thrown.getCause();
                }
                throw new IllegalStateException("the logging framework failed", thrown.getCause());
            } catch (IllegalAccessException hidden) {
                throw new IllegalStateException("the logging framework is not accessible", hidden);
            }
        }
    }
}
