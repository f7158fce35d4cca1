package io.calico.ctl;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;

/** Writes a tar archive in the ustar form, which every tar reads. Confined to one thread. */
final class TarWriter implements AutoCloseable {
    private static final int RECORD = 512;
    private static final int LONGEST_NAME = 100;
    private static final int CHECKSUM = 148;

    private final OutputStream out;
    private final long time;

    /**
     * @param out is closed with this
     * @param time of all files
     */
    TarWriter(OutputStream out, Instant time) {
        this.out = out;
        this.time = time.getEpochSecond();
    }

    /**
     * Adds a file that only its owner may read.
     *
     * @param name relative, with {@code /} between its parts
     * @throws IllegalArgumentException if the name is longer than 100 bytes
     */
    void add(String name, byte[] content) throws IOException {
        byte[] header = new byte[RECORD];
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        if (nameBytes.length > LONGEST_NAME) {
            throw new IllegalArgumentException("file name '" + name + "' is too long for an archive");
        }
        System.arraycopy(nameBytes, 0, header, 0, nameBytes.length);
        octal(header, 100, 7, 0600);
        octal(header, 108, 7, 0);
        octal(header, 116, 7, 0);
        octal(header, 124, 11, content.length);
        octal(header, 136, 11, time);
        text(header, CHECKSUM, "        ");
        header[156] = '0';
        text(header, 257, "ustar\0" + "00");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        octal(header, CHECKSUM, 6, sum);
        header[CHECKSUM + 6] = 0;
        out.write(header);
        out.write(content);
        out.write(new byte[(RECORD - content.length % RECORD) % RECORD]);
    }

    private static void octal(byte[] header, int at, int digits, long value) {
        text(header, at, String.format(Locale.ROOT, "%0" + digits + "o", value));
    }

    private static void text(byte[] header, int at, String ascii) {
        byte[] bytes = ascii.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    /** Writes the archive's end. */
    @Override
    public void close() throws IOException {
        try (out) {
            out.write(new byte[2 * RECORD]);
        }
    }
}
