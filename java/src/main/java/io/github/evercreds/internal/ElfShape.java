// Is an ELF file as long as its own headers say? The system's loader does not ask: it maps a file that was cut short, and the JVM dies of a bus error.
package io.github.evercreds.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads just the headers of a 64-bit little-endian ELF file, the format of all our platforms that have ELF. */
final class ElfShape {
    private static final int HEADER = 64;
    private static final int PROGRAM_HEADER = 56;

    private ElfShape() { }

    /**
     * The least length that the file must have by its own headers; 0 if it is no such ELF file, which the system's loader
     * recognizes by itself.
     */
    static long neededLength(Path file) throws IOException {
        try (SeekableByteChannel in = Files.newByteChannel(file)) {
            ByteBuffer header = read(in, 0, HEADER);
            if (header.remaining() < HEADER || header.getInt(0) != 0x464c457f || header.get(4) != 2 || header.get(5) != 1) {
                return 0;
            }
            long programHeaders = header.getLong(32);
            int entry = header.getShort(54) & 0xffff;
            int entries = header.getShort(56) & 0xffff;
            long sections = header.getLong(40) + (long) (header.getShort(58) & 0xffff) * (header.getShort(60) & 0xffff);
            long needed = Math.max(sections, programHeaders + (long) entry * entries);
            for (int i = 0; i < entries && entry >= PROGRAM_HEADER && programHeaders > 0 && needed <= in.size(); i++) {
                ByteBuffer segment = read(in, programHeaders + (long) i * entry, PROGRAM_HEADER);
                if (segment.remaining() == PROGRAM_HEADER) {
                    needed = Math.max(needed, segment.getLong(8) + segment.getLong(32));
                }
            }
            return needed;
        }
    }

    private static ByteBuffer read(SeekableByteChannel in, long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(from);
        while (bytes.hasRemaining() && in.read(bytes) >= 0) {
            // until it is full or the file ends
        }
        bytes.flip();
        return bytes;
    }
}
