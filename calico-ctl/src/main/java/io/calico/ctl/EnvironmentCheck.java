package io.calico.ctl;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Checks the variables that describe an etcd datastore, before any command runs. An empty variable counts as unset. */
final class EnvironmentCheck {
    private static final int LONGEST_HOST = 255;
    private static final int LONGEST_LABEL = 63;
    private static final int HIGHEST_PORT = 65535;

    private final Map<String, String> environment;

    EnvironmentCheck(Map<String, String> environment) {
        this.environment = environment;
    }

    /** What is wrong, one message each; empty if all is well. */
    List<String> messages() {
        List<String> messages = new ArrayList<>();
        value("ETCD_AUTHORITY")
                .filter(authority -> !isAuthority(authority))
                .ifPresent(authority -> messages.add(
                        "Invalid ETCD_AUTHORITY. It must take the form <address>:<port>. Value provided is '"
                                + authority + "'"));
        String scheme = value("ETCD_SCHEME").orElse("http");
        if (scheme.equals("https")) {
            checkCertificates(messages);
        } else if (!scheme.equals("http")) {
            messages.add(
                    "Invalid ETCD_SCHEME. Value must be one of: \"\", \"http\", \"https\". Value provided: " + scheme);
        }
        return messages;
    }

    private void checkCertificates(List<String> messages) {
        Optional<String> key = value("ETCD_KEY_FILE");
        Optional<String> certificate = value("ETCD_CERT_FILE");
        String both = " Values provided: ETCD_KEY_FILE='" + key.orElse("") + "', ETCD_CERT_FILE='"
                + certificate.orElse("") + "'";
        if (key.isPresent() != certificate.isPresent()) {
            messages.add("Invalid ETCD_KEY_FILE, ETCD_CERT_FILE combination. Give both or neither." + both);
        } else if (key.isPresent() && !(isReadableFile(key) && isReadableFile(certificate))) {
            messages.add("Cannot read ETCD_KEY_FILE and/or ETCD_CERT_FILE. Both must be readable files." + both);
        }
        Optional<String> authority = value("ETCD_CA_CERT_FILE");
        if (!isReadableFile(authority)) {
            messages.add(
                    "Invalid ETCD_CA_CERT_FILE. It must be a readable file when ETCD_SCHEME is https. Value provided: '"
                            + authority.orElse("") + "'");
        }
    }

    private Optional<String> value(String name) {
        return Optional.ofNullable(environment.get(name)).filter(v -> !v.isEmpty());
    }

    private static boolean isReadableFile(Optional<String> path) {
        return path.isPresent() && Files.isRegularFile(Path.of(path.get())) && Files.isReadable(Path.of(path.get()));
    }

    private static boolean isAuthority(String text) {
        int colon = text.indexOf(':');
        if (colon < 0 || text.indexOf(':', colon + 1) >= 0) {
            return false;
        }
        return isHost(text.substring(0, colon)) && isPort(text.substring(colon + 1));
    }

    private static boolean isHost(String host) {
        if (host.length() > LONGEST_HOST) {
            return false;
        }
        int start = 0;
        while (start <= host.length()) {
            int dot = host.indexOf('.', start);
            int end = dot < 0 ? host.length() : dot;
            if (!isLabel(host.substring(start, end))) {
                return false;
            }
            start = end + 1;
        }
        return true;
    }

    private static boolean isLabel(String label) {
        if (label.isEmpty() || label.length() > LONGEST_LABEL || label.startsWith("-") || label.endsWith("-")) {
            return false;
        }
        for (int i = 0; i < label.length(); i++) {
            char c = label.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-')) {
                return false;
            }
        }
        return true;
    }

    private static boolean isPort(String digits) {
        if (digits.isEmpty() || digits.length() > 5) {
            return false;
        }
        int port = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return false;
            }
            port = port * 10 + c - '0';
        }
        return port >= 1 && port <= HIGHEST_PORT;
    }
}
