package io.calico.datastore.etcd;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where an etcd cluster is and how to speak to it. Immutable; its text holds no password.
 *
 * @param endpoints one or more, sorted
 * @param tls empty: without encryption
 * @param login user and password; empty: none
 */
record EtcdSettings(List<Endpoint> endpoints, Optional<Tls> tls, Optional<Login> login) {
    static final String PLAIN = "etcd";
    static final String ENCRYPTED = "etcds";

    private static final int DEFAULT_PORT = 2379;
    private static final Pattern ENDPOINT =
            Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9](?:[A-Za-z0-9._-]*))(?::([0-9]{1,5}))?");

    EtcdSettings {
        endpoints = List.copyOf(endpoints);
    }

    /** A member's client address; the host as written, IPv6 in brackets. */
    record Endpoint(String host, int port) implements Comparable<Endpoint> {
        @Override
        public int compareTo(Endpoint other) {
            return toString().compareTo(other.toString());
        }

        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    /** PEM files, read at the first call; with a client certificate there is its key. */
    record Tls(Path ca, Optional<ClientCertificate> client) {}

    /** The certificate (with its chain) that this client shows, and its key. */
    record ClientCertificate(Path certificate, Path key) {}

    /** A user of etcd's own authentication. */
    record Login(String user, String password) {
        @Override
        public String toString() {
            return user;
        }
    }

    /**
     * Reads URI and variables; no I/O.
     *
     * @throws IllegalArgumentException if one is not valid; the message never holds a password
     */
    static EtcdSettings parse(String uri, Map<String, String> environment) {
        boolean encrypted = uri.startsWith(ENCRYPTED + ":");
        String scheme = encrypted ? ENCRYPTED : PLAIN;
        String rest = uri.substring(scheme.length() + 1);
        if (rest.indexOf('@') >= 0) {
            // Not quoted: what stands before the @ is most likely a password.
            throw new IllegalArgumentException("datastore '" + scheme
                    + "://…@…': user and password do not belong into the URI, where every user of"
                    + " the machine may see them; set ETCD_USERNAME and ETCD_PASSWORD");
        }
        if (!rest.startsWith("//")) {
            throw invalid(uri, scheme);
        }
        List<Endpoint> endpoints = new ArrayList<>(new TreeSet<>(endpoints(uri, scheme, rest.substring(2))));
        return new EtcdSettings(
                endpoints, encrypted ? Optional.of(tls(environment)) : Optional.empty(), login(environment));
    }

    private static List<Endpoint> endpoints(String uri, String scheme, String text) {
        List<Endpoint> endpoints = new ArrayList<>();
        String list = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
        for (String part : list.split(",", -1)) {
            Matcher matcher = ENDPOINT.matcher(part);
            if (!matcher.matches()) {
                throw invalid(uri, scheme);
            }
            @Nullable String port = matcher.group(2);
            int number = port == null ? DEFAULT_PORT : Integer.parseInt(port);
            if (number < 1 || number > 65535) {
                throw invalid(uri, scheme);
            }
            endpoints.add(new Endpoint(matcher.group(1), number));
        }
        return endpoints;
    }

    private static IllegalArgumentException invalid(String uri, String scheme) {
        return new IllegalArgumentException("datastore '" + uri + "': write " + scheme
                + "://HOST:PORT, or several HOST:PORT with commas between them, as in " + scheme
                + "://10.0.0.1:2379,10.0.0.2:2379");
    }

    private static Tls tls(Map<String, String> environment) {
        Path ca = file(environment, "ETCD_CA_CERT_FILE")
                .orElseThrow(() -> new IllegalArgumentException(
                        "Invalid ETCD_CA_CERT_FILE. With https it must name the file with the certificate of the"
                                + " authority that signed etcd's certificate; it is not set"));
        Optional<Path> certificate = file(environment, "ETCD_CERT_FILE");
        Optional<Path> key = file(environment, "ETCD_KEY_FILE");
        if (certificate.isPresent() != key.isPresent()) {
            throw new IllegalArgumentException("Invalid ETCD_KEY_FILE, ETCD_CERT_FILE combination. Set both or neither."
                    + " Values provided: ETCD_KEY_FILE '"
                    + key.map(Path::toString).orElse("") + "', ETCD_CERT_FILE '"
                    + certificate.map(Path::toString).orElse("") + "'");
        }
        return new Tls(ca, certificate.map(path -> new ClientCertificate(path, key.orElseThrow())));
    }

    private static Optional<Login> login(Map<String, String> environment) {
        Optional<String> user = variable(environment, "ETCD_USERNAME");
        Optional<String> password = variable(environment, "ETCD_PASSWORD");
        if (user.isPresent() != password.isPresent()) {
            throw new IllegalArgumentException("ETCD_USERNAME and ETCD_PASSWORD belong together: set both or neither; "
                    + (user.isPresent() ? "ETCD_PASSWORD" : "ETCD_USERNAME") + " is not set");
        }
        return user.map(name -> new Login(name, password.orElseThrow()));
    }

    private static Optional<Path> file(Map<String, String> environment, String name) {
        return variable(environment, name).map(Path::of);
    }

    private static Optional<String> variable(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }

    /** The URI as everybody writes it who means this cluster by these endpoints. */
    String uri() {
        return (tls.isPresent() ? ENCRYPTED : PLAIN) + "://"
                + String.join(",", endpoints.stream().map(Endpoint::toString).toList());
    }
}
