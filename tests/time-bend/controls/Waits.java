import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Does bent time hold for a JVM? Every kind of timed wait, at a steady rate and with the rate raised in mid-wait.
 *
 * <p>Started under {@code time-bend run} at rate 1, as a JVM should be; raises the rate through the tool itself. Prints
 * one line a claim, "ok ..." or "FAILED ...". Real time comes from /proc/uptime, which nothing bends.
 */
public final class Waits {
    private static final double RATE = 30;

    private Waits() {}

    /** A wait of the given length in fake milliseconds; throws when it does not end as it should. */
    private interface Wait {
        void run(long millis) throws Exception;
    }

    private static Map<String, Wait> kinds() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        ServerSocket silent = new ServerSocket(0, 50, loopback);
        Map<String, Wait> kinds = new LinkedHashMap<>();
        kinds.put("Thread.sleep", Thread::sleep);
        kinds.put("Object.wait", millis -> {
            Object monitor = new Object();
            long end = System.nanoTime() + millis * 1_000_000;
            synchronized (monitor) {
                for (long left = millis; left > 0; left = (end - System.nanoTime()) / 1_000_000) {
                    monitor.wait(left);
                }
            }
        });
        kinds.put("LockSupport.parkNanos", millis -> {
            long end = System.nanoTime() + millis * 1_000_000;
            for (long left = millis * 1_000_000; left > 0; left = end - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        });
        kinds.put("LockSupport.parkUntil", millis -> {
            long end = System.currentTimeMillis() + millis;
            while (System.currentTimeMillis() < end) {
                LockSupport.parkUntil(end);
            }
        });
        kinds.put("Condition.await", millis -> {
            ReentrantLock lock = new ReentrantLock();
            Condition condition = lock.newCondition();
            lock.lock();
            try {
                long left = TimeUnit.MILLISECONDS.toNanos(millis);
                while (left > 0) {
                    left = condition.awaitNanos(left);
                }
            } finally {
                lock.unlock();
            }
        });
        kinds.put("ReentrantLock.tryLock", millis -> {
            ReentrantLock lock = new ReentrantLock();
            Thread holder = new Thread(lock::lock);
            holder.start();
            holder.join();
            expect(!lock.tryLock(millis, TimeUnit.MILLISECONDS));
        });
        kinds.put("CountDownLatch.await",
                millis -> expect(!new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS)));
        kinds.put("BlockingQueue.poll",
                millis -> expect(new LinkedBlockingQueue<>().poll(millis, TimeUnit.MILLISECONDS) == null));
        kinds.put("CompletableFuture.get", millis -> {
            try {
                new CompletableFuture<Void>().get(millis, TimeUnit.MILLISECONDS);
                expect(false);
            } catch (TimeoutException expected) {
                expect(true);
            }
        });
        kinds.put("ScheduledExecutor.schedule", millis -> {
            ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
            timer.schedule(() -> { }, millis, TimeUnit.MILLISECONDS).get();
            timer.shutdown();
        });
        kinds.put("ScheduledExecutor.atFixedRate", millis -> {
            ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
            CountDownLatch ticks = new CountDownLatch(10);
            timer.scheduleAtFixedRate(ticks::countDown, millis / 10, millis / 10, TimeUnit.MILLISECONDS);
            ticks.await();
            timer.shutdownNow();
        });
        kinds.put("Selector.select", millis -> {
            try (Selector selector = Selector.open()) {
                Pipe pipe = Pipe.open();
                pipe.source().configureBlocking(false);
                pipe.source().register(selector, SelectionKey.OP_READ);
                expect(selector.select(millis) == 0);
                pipe.sink().write(ByteBuffer.allocate(1));
                expect(selector.select(millis) == 1);
                pipe.sink().close();
                pipe.source().close();
            }
        });
        kinds.put("Socket SO_TIMEOUT read", millis -> {
            try (Socket socket = new Socket(loopback, silent.getLocalPort())) {
                socket.setSoTimeout((int) millis);
                expect(socket.getInputStream().read() == 0);
            } catch (SocketTimeoutException expected) {
                expect(true);
            }
        });
        kinds.put("ServerSocket.accept", millis -> {
            try (ServerSocket idle = new ServerSocket(0, 1, loopback)) {
                idle.setSoTimeout((int) millis);
                idle.accept();
                expect(false);
            } catch (SocketTimeoutException expected) {
                expect(true);
            }
        });
        kinds.put("HttpURLConnection read", millis -> {
            URL url = new URL("http", loopback.getHostAddress(), silent.getLocalPort(), "/");
            HttpURLConnection connection = (HttpURLConnection) url.openConnection();
            connection.setReadTimeout((int) millis);
            try {
                connection.getResponseCode();
                expect(false);
            } catch (SocketTimeoutException expected) {
                expect(true);
            }
        });
        return kinds;
    }

    private static void expect(boolean holds) {
        if (!holds) {
            throw new IllegalStateException("the wait did not end as it should");
        }
    }

    private static double real() {
        try {
            String text = new String(Files.readAllBytes(Paths.get("/proc/uptime")), "US-ASCII");
            return Double.parseDouble(text.substring(0, text.indexOf(' ')));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void setRate(double rate) throws Exception {
        int status = new ProcessBuilder(System.getenv("TIME_BEND_TOOL"), "rate", System.getenv("TIME_BEND_CTL"),
                Double.toString(rate)).inheritIO().start().waitFor();
        expect(status == 0);
    }

    private static void claim(boolean holds, String format, Object... values) {
        String line = (holds ? "ok JVM " : "FAILED JVM ") + System.getProperty("java.version") + " "
                + String.format(Locale.ROOT, format, values);
        synchronized (System.out) {
            System.out.println(line);
        }
    }

    /** Runs every kind at once and claims that each took between the bounds, in real seconds. */
    private static void allKinds(String what, Map<String, Wait> kinds, long millis, double least, double most,
            Double raise) throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (Map.Entry<String, Wait> kind : kinds.entrySet()) {
            Thread thread = new Thread(() -> {
                long wall = System.currentTimeMillis();
                long monotonic = System.nanoTime();
                double real = real();
                String wrong = "";
                try {
                    kind.getValue().run(millis);
                } catch (Exception e) {
                    wrong = ", wrong: " + e;
                }
                double took = real() - real;
                double fake = (System.nanoTime() - monotonic) / 1e9;
                double wallTook = (System.currentTimeMillis() - wall) / 1e3;
                boolean holds = wrong.isEmpty() && took >= least && took <= most && fake >= millis / 1e3 - 0.2
                        && Math.abs(wallTook - fake) < 5;
                claim(holds, "%s, %s: %.1f s fake took %.2f s real (%.2f to %.2f), fake clocks say %.2f and %.2f%s",
                        what, kind.getKey(), millis / 1e3, took, least, most, fake, wallTook, wrong);
            });
            threads.add(thread);
            thread.start();
        }
        if (raise != null) {
            Thread.sleep(300);
            setRate(raise);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /**
     * Runs the controls.
     *
     * @param arguments none
     * @throws Exception when a control cannot be run at all
     */
    public static void main(String[] arguments) throws Exception {
        Map<String, Wait> kinds = kinds();
        allKinds("rate raised in mid-wait", kinds, 30_000, 0.3 + 0.5, 0.5 + 3 * 1.3, RATE);
        allKinds("steady rate", kinds, 6_000, 0.1, 3 * 6 / RATE + 0.5, null);
        System.exit(0);   // the lock holders and silent servers are still there
    }
}
