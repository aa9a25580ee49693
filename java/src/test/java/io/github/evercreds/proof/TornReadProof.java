// No reader ever gets parts of two sets, and none sees an older set after a newer one.
package io.github.evercreds.proof;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import com.amazonaws.auth.AWSSessionCredentials;
import io.github.evercreds.Refresher;
import io.github.evercreds.Snapshot;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.identity.spi.AwsSessionCredentialsIdentity;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;

/**
 * 64 threads read a million times each from every surface while at least a thousand sets are published: once as fast as
 * a cell takes them, once by the real engine from an IMDS that makes a new set at each asking.
 */
public class TornReadProof {
    private static final int THREADS = 64;
    private static final int READS = Integer.getInteger("evercreds.proof.reads", 1_000_000);
    private static final int ROTATIONS = 1_000;
    private static final int LIMIT_MINUTES = 4;
    private static final ResolveIdentityRequest DEFAULT = ResolveIdentityRequest.builder().build();
    private static final Logger LOGGER = Logger.getLogger("io.github.evercreds");

    private static final String[] SURFACES = {"v1 getCredentials", "v2 resolveCredentials", "v2 resolveIdentity", "core credentials"};

    private final List<Object> owners = new ArrayList<>();

    @Before
    public void quiet() {
        LOGGER.setLevel(Level.WARNING);
    }

    @After
    public void end() {
        Refresher.shutdownAll();
        LOGGER.setLevel(null);
    }

    /** One read: key, secret and token as a surface gives them. */
    private interface Read {
        void into(String[] triple);
    }

    /** One reader of one surface: remembers what it saw last. */
    private static final class Reader {
        private final String surface;
        private final Read read;
        private final String[] now = new String[3];
        private final String[] last = new String[3];
        private long number;
        private long changes;

        Reader(String surface, Read read) {
            this.surface = surface;
            this.read = read;
        }

        void once() {
            read.into(now);
            if (now[0] == last[0] && now[1] == last[1] && now[2] == last[2]) {
                return;     // the very objects that were judged before
            }
            long seen = FakeImds.number(now[0]);
            if (!now[1].equals(FakeImds.secret(seen)) || !now[2].equals(FakeImds.token(seen))) {
                throw new AssertionError(surface + ": a mixed triple: " + Arrays.toString(now));
            }
            if (seen < number) {
                throw new AssertionError(surface + ": set " + seen + " after set " + number);
            }
            changes += seen > number ? 1 : 0;
            number = seen;
            System.arraycopy(now, 0, last, 0, 3);
        }
    }

    private Read surface(int which, URI imds, String label) {
        switch (which) {
            case 0:
                io.github.evercreds.v1.EvercredsCredentialsProvider v1 =
                        io.github.evercreds.v1.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).label(label).build();
                owners.add(v1);
                return triple -> {
                    AWSSessionCredentials c = (AWSSessionCredentials) v1.getCredentials();
                    triple[0] = c.getAWSAccessKeyId();
                    triple[1] = c.getAWSSecretKey();
                    triple[2] = c.getSessionToken();
                };
            case 1:
            case 2:
                io.github.evercreds.v2.EvercredsCredentialsProvider v2 =
                        io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).label(label).build();
                owners.add(v2);
                return triple -> {
                    AwsSessionCredentialsIdentity c = which == 1 ? (AwsSessionCredentials) v2.resolveCredentials()
                            : (AwsSessionCredentialsIdentity) v2.resolveIdentity(DEFAULT).join();
                    triple[0] = c.accessKeyId();
                    triple[1] = c.secretAccessKey();
                    triple[2] = c.sessionToken();
                };
            default:
                Refresher core = Refresher.builder().instanceProfile().endpoint(imds).label(label).build();
                owners.add(core);
                return triple -> {
                    Snapshot c = core.credentials();
                    triple[0] = c.accessKeyId();
                    triple[1] = c.secretAccessKey();
                    triple[2] = c.sessionToken().get();
                };
        }
    }

    /** Reads until every reader has had its reads and there were enough rotations; the changes that all readers saw. */
    private static long[] readAll(int each, List<List<Read>> bySurface, LongSupplier rotations, int pauseMillis, Meanwhile meanwhile) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<long[]>> readers = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                readers.add(threads.submit(() -> readOne(each, bySurface, rotations, pauseMillis)));
            }
            long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(LIMIT_MINUTES);
            while (readers.stream().anyMatch(r -> !r.isDone()) && readers.stream().noneMatch(TornReadProof::failed)) {
                meanwhile.run();
                if (System.nanoTime() > deadline) {
                    fail("the readers did not end within " + LIMIT_MINUTES + " minutes; rotations: " + rotations.getAsLong());
                }
            }
            for (Future<?> reader : readers) {
                if (failed(reader)) {
                    reader.get();
                }
            }
            long[] changes = new long[SURFACES.length];
            for (Future<long[]> reader : readers) {
                long[] seen = reader.get();
                Arrays.setAll(changes, i -> changes[i] + seen[i]);
            }
            return changes;
        } finally {
            threads.shutdownNow();
        }
    }

    private interface Meanwhile {
        void run() throws Exception;
    }

    private static boolean failed(Future<?> reader) {
        try {
            return reader.isDone() && reader.get() == null;
        } catch (Exception thrown) {
            return true;
        }
    }

    private static long[] readOne(int each, List<List<Read>> bySurface, LongSupplier rotations, int pauseMillis) throws InterruptedException {
        int batch = Math.max(1, each / 200);
        List<List<Reader>> readers = new ArrayList<>();
        for (int s = 0; s < SURFACES.length; s++) {
            List<Reader> of = new ArrayList<>();
            for (Read read : bySurface.get(s)) {
                of.add(new Reader(SURFACES[s], read));
            }
            readers.add(of);
        }
        for (int done = 0; done < each || rotations.getAsLong() < ROTATIONS; done += batch) {
            for (List<Reader> surface : readers) {
                int size = surface.size();
                for (int i = 0; i < batch; i++) {
                    surface.get((done + i) % size).once();
                }
            }
            Thread.sleep(pauseMillis);
        }
        return readers.stream().mapToLong(surface -> surface.stream().mapToLong(r -> r.changes).sum()).toArray();
    }

    private static Figures figures(long rotations, long[] changes, long begun) {
        Figures seen = new Figures();
        for (int s = 0; s < SURFACES.length; s++) {
            seen.put(SURFACES[s], changes[s]);
        }
        return new Figures().put("threads", THREADS).put("reads_per_thread_and_surface", READS).put("rotations", rotations)
                .put("new_sets_seen_by_all_readers", seen).put("mixed_triples", 0).put("steps_back", 0)
                .put("seconds", Figures.rounded((System.nanoTime() - begun) / 1e9));
    }

    @Test
    public void as_fast_as_a_cell_takes_new_sets_no_triple_is_mixed() throws Exception {
        try (FakeImds imds = new FakeImds("app-role", 21_600)) {
            List<List<Read>> reads = new ArrayList<>();
            List<Publisher> cells = new ArrayList<>();
            for (int s = 0; s < SURFACES.length; s++) {
                reads.add(Arrays.asList(surface(s, imds.endpoint(), SURFACES[s])));
                reads.get(s).get(0).into(new String[3]);
                cells.add(new Publisher(owners.get(s)));
            }
            long[] number = {1_000_000};
            long begun = System.nanoTime();
            long[] changes = readAll(READS, reads, () -> number[0] - 1_000_000, 1, () -> {
                for (int i = 0; i < 100; i++) {
                    number[0]++;
                    for (Publisher cell : cells) {
                        cell.publish(number[0]);
                    }
                }
            });
            long rotations = number[0] - 1_000_000;
            figures(rotations, changes, begun).write("torn-reads-cell");
            assertTrue("too few rotations: " + rotations, rotations >= ROTATIONS);
            Arrays.stream(changes).forEach(seen -> assertTrue("the readers saw too little: " + Arrays.toString(changes), seen >= ROTATIONS));
        }
    }

    /** Publishes as the engine does, by the upcall's own method, but as often as one likes. */
    private static final class Publisher {
        private final Object cell;
        private final Method publish;
        private final long run;

        Publisher(Object owner) throws Exception {
            Object subscription = field(owner, "subscription");
            cell = field(subscription, "cell");
            publish = Arrays.stream(cell.getClass().getDeclaredMethods()).filter(m -> m.getName().equals("publish") && m.getParameterCount() > 1)
                    .findFirst().get();
            publish.setAccessible(true);
            run = (long) field(field(cell, "state"), "run");
        }

        void publish(long number) throws Exception {
            long far = System.currentTimeMillis() + 3_600_000;
            Object wanted = publish.invoke(cell, run, number, 1, FakeImds.key(number), FakeImds.secret(number), FakeImds.token(number), "123456789012",
                    far, far, far, 0L, 0L, "instance profile", "app-role", 0, null, null, 0, number, false, 0L, 0L, false, false);
            assertEquals(true, wanted);
        }

        private static Object field(Object of, String name) throws ReflectiveOperationException {
            Field field = of.getClass().getDeclaredField(name);
            field.setAccessible(true);
            return field.get(of);
        }
    }

    @Test
    public void through_the_real_engine_no_triple_is_mixed() throws Exception {
        int each = 100;     // of 400 in all, each asked every five seconds: 80 rotations a second
        try (FakeImds imds = new FakeImds("app-role", 30)) {
            List<List<Read>> reads = new ArrayList<>();
            for (int s = 0; s < SURFACES.length; s++) {
                List<Read> of = new ArrayList<>();
                for (int i = 0; i < each; i++) {
                    of.add(surface(s, imds.endpoint(), SURFACES[s] + " " + i));
                }
                reads.add(of);
            }
            for (List<Read> surface : reads) {
                for (Read read : surface) {
                    read.into(new String[3]);
                }
            }
            long first = imds.minted();
            long begun = System.nanoTime();
            long[] changes = readAll(READS, reads, () -> imds.minted() - first, 20, () -> Thread.sleep(20));
            figures(imds.minted() - first, changes, begun).put("refreshers", SURFACES.length * each).write("torn-reads-engine");
            Arrays.stream(changes).forEach(seen -> assertTrue("the readers saw too little: " + Arrays.toString(changes), seen >= ROTATIONS));
        }
    }
}
