package io.calico.ctl;

import io.calico.datastore.ImportMarker;
import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The file that {@code datastore export} writes and {@code datastore import} reads: JSON in UTF-8, one record on a line,
 * the fields in this order:
 *
 * <pre>
 * {"format":"calico-datastore","version":1,
 * "source":"sqlite:/var/lib/calico/calico.db","revision":4711,"time":"2016-02-03T04:05:06Z",
 * "records":[
 * {"key":"/calico/v1/Ready","value":"true"},
 * …],
 * "count":42,"sha256":"…"}
 * </pre>
 *
 * {@code sha256} is that of all keys and values in their order, each followed by a NUL. A reader passes over fields that it
 * does not know; what changes the meaning of others gets a new version.
 */
final class ExportFormat {
    static final String NAME = "calico-datastore";
    static final int VERSION = 1;

    static final String FORMAT_FIELD = "format";
    static final String VERSION_FIELD = "version";
    static final String SOURCE_FIELD = "source";
    static final String REVISION_FIELD = "revision";
    static final String TIME_FIELD = "time";
    static final String RECORDS_FIELD = "records";
    static final String KEY_FIELD = "key";
    static final String VALUE_FIELD = "value";
    static final String COUNT_FIELD = "count";
    static final String DIGEST_FIELD = "sha256";

    private ExportFormat() {}

    /** Whether the record with that key lasts only as long as something else: it stays where it is. */
    static boolean isPassing(String key) {
        return Keys.parse(key) instanceof StoreKey.NodeStatus || key.equals(ImportMarker.KEY);
    }

    /** The digest of records. Confined to one thread. */
    static final class Digest {
        private final MessageDigest digest;

        Digest() {
            try {
                digest = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JVM must have SHA-256", e);
            }
        }

        void add(String key, String value) {
            digest.update(key.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            digest.update(value.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
        }

        /** Of what was added, in hexadecimal; the digest begins anew then. */
        String text() {
            return HexFormat.of().formatHex(digest.digest());
        }
    }
}
