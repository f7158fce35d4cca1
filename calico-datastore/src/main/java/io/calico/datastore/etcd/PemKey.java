package io.calico.datastore.etcd;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A private key file in the one form that TLS here takes, PKCS #8 (RFC 5958). Tools that are common around etcd write the
 * older forms, which carry the same bytes without the name of the algorithm:
 *
 * <pre>
 * BEGIN PRIVATE KEY       PKCS #8         as it is
 * BEGIN RSA PRIVATE KEY   PKCS #1         SEQUENCE { 0, { rsaEncryption, NULL }, OCTET STRING { the bytes } }
 * BEGIN EC PRIVATE KEY    SEC 1, RFC 5915 SEQUENCE { 0, { ecPublicKey, curve }, OCTET STRING { the bytes } }
 * </pre>
 */
final class PemKey {
    private static final Pattern BLOCK = Pattern.compile(
            "-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----(.*?)-----END \\1-----", Pattern.DOTALL);

    private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};
    /** 1.2.840.113549.1.1.1 with its NULL parameter. */
    private static final byte[] RSA = {
        0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
    };
    /** 1.2.840.10045.2.1. */
    private static final byte[] EC = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01};

    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;
    private static final int PARAMETERS = 0xa0;

    private PemKey() {}

    /**
     * The key as PKCS #8 in PEM.
     *
     * @throws IllegalArgumentException if there is no key, or one that needs a password; the message begins with a verb
     */
    static String toPkcs8(String pem) {
        Matcher matcher = BLOCK.matcher(pem);
        if (!matcher.find()) {
            throw new IllegalArgumentException("holds no private key in PEM");
        }
        String body = matcher.group(2);
        if (matcher.group(1).startsWith("ENCRYPTED") || body.contains("ENCRYPTED")) {
            throw new IllegalArgumentException(
                    "holds a key with a password, which cannot be asked for; write it without:"
                            + " openssl pkey -in FILE -out NEW-FILE");
        }
        byte[] bytes;
        try {
            bytes = Base64.getMimeDecoder().decode(body.getBytes(StandardCharsets.US_ASCII));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("holds a private key that is not PEM: " + e.getMessage(), e);
        }
        return switch (matcher.group(1)) {
            case "RSA PRIVATE KEY" -> pem(wrap(RSA, bytes));
            case "EC PRIVATE KEY" -> pem(wrap(concat(EC, curve(bytes)), bytes));
            default -> pem(bytes);
        };
    }

    private static byte[] wrap(byte[] algorithm, byte[] key) {
        return element(SEQUENCE, concat(VERSION_0, element(SEQUENCE, algorithm), element(OCTET_STRING, key)));
    }

    /** The curve's object identifier: {@code SEQUENCE { 1, OCTET STRING, [0] { OID }, … }}. */
    private static byte[] curve(byte[] key) {
        try {
            int at = content(key, 0);
            while (at < key.length) {
                int from = content(key, at);
                int end = from + length(key, at);
                if ((key[at] & 0xff) == PARAMETERS) {
                    return Arrays.copyOfRange(key, from, end);
                }
                at = end;
            }
        } catch (ArrayIndexOutOfBoundsException e) {
            throw new IllegalArgumentException("holds a damaged EC key", e);
        }
        throw new IllegalArgumentException("holds an EC key that does not name its curve; write it as PKCS #8:"
                + " openssl pkcs8 -topk8 -nocrypt -in FILE -out NEW-FILE");
    }

    /** Index of the first content byte of the element at that index. */
    private static int content(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
    }

    private static int length(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int length = 0;
        for (int i = 0; i < (first & 0x7f); i++) {
            length = length << 8 | der[at + 2 + i] & 0xff;
        }
        return length;
    }

    private static byte[] element(int tag, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        int length = content.length;
        if (length < 0x80) {
            out.write(length);
        } else {
            int bytes = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
            out.write(0x80 | bytes);
            for (int i = bytes - 1; i >= 0; i--) {
                out.write(length >> 8 * i);
            }
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static String pem(byte[] pkcs8) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(pkcs8);
        return "-----BEGIN PRIVATE KEY-----\n" + base64 + "\n-----END PRIVATE KEY-----\n";
    }
}
