// How long from construction to credentials in hand, in a JVM that has done nothing else?
package io.github.evercreds.bench;

/** Arguments: contender, address. Says {@code cold BUILD-NANOS ALL-NANOS BEGUN-WALL-MILLIS UPTIME-NANOS-AT-BEGIN}. */
final class ColdChild {
    private ColdChild() { }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        Contender contender = Contender.valueOf(args[0]);
        long wall = System.currentTimeMillis();
        long begun = System.nanoTime();
        Contender.Reader reader = contender.open(args[1], "bench");
        long built = System.nanoTime();
        Object credentials = reader.read();
        long held = System.nanoTime();
        if (credentials == null) {
            throw new IllegalStateException(contender + " gave no credentials");
        }
        System.out.println("cold " + (built - begun) + " " + (held - begun) + " " + wall);
        System.out.flush();
        Runtime.getRuntime().halt(0);       // how a JVM ends is measured elsewhere
    }
}
