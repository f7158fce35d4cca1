package io.calico.datastore.etcd;

import io.calico.datastore.etcd.EtcdSettings.ClientCertificate;
import io.calico.datastore.etcd.EtcdSettings.Tls;
import io.calico.datastore.spi.DatastoreException;
import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import org.jspecify.annotations.Nullable;

/** Reads certificates and keys. */
final class EtcdTls {
    private EtcdTls() {}

    /**
     * The credentials of a channel, from the files as they are now.
     *
     * @throws DatastoreException.Unavailable if a file cannot be read or is not what it should be; names it
     * @throws DatastoreException.NotPermitted if this user may not read one
     */
    static ChannelCredentials credentials(Tls tls) {
        TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
        try {
            builder.trustManager(certificates("ETCD_CA_CERT_FILE", tls.ca()));
            if (tls.client().isPresent()) {
                ClientCertificate client = tls.client().get();
                builder.keyManager(certificates("ETCD_CERT_FILE", client.certificate()), key(client.key()));
            }
        } catch (IOException e) {
            // Both streams are in memory.
            throw new IllegalStateException(e);
        }
        return builder.build();
    }

    private static InputStream certificates(String variable, Path file) {
        byte[] pem = read(variable, file);
        try {
            if (CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem))
                    .isEmpty()) {
                throw unusable(variable, file, "holds no certificate", null);
            }
        } catch (CertificateException e) {
            throw unusable(variable, file, "holds no certificate in PEM", e);
        }
        return new ByteArrayInputStream(pem);
    }

    private static InputStream key(Path file) {
        String variable = "ETCD_KEY_FILE";
        try {
            String pem = PemKey.toPkcs8(new String(read(variable, file), StandardCharsets.ISO_8859_1));
            return new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
        } catch (IllegalArgumentException e) {
            throw unusable(variable, file, String.valueOf(e.getMessage()), e);
        }
    }

    private static byte[] read(String variable, Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (AccessDeniedException e) {
            throw new DatastoreException.NotPermitted(
                    "Cannot read " + variable + " " + file + ": no right to; run as root", e);
        } catch (NoSuchFileException e) {
            throw unusable(variable, file, "does not exist", e);
        } catch (IOException e) {
            throw unusable(variable, file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static DatastoreException unusable(String variable, Path file, String why, @Nullable Throwable cause) {
        return new DatastoreException.Unavailable("Invalid " + variable + ". The file " + file + " " + why, cause);
    }
}
