package io.calico.ctl;

import io.calico.datastore.CalicoStore;
import io.calico.libnetwork.HostOperations;
import io.calico.libnetwork.reconcile.Report;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The machine that this process runs on, as the JDK shows it. Thread-safe. */
final class LocalMachine implements Machine {
    /** Interfaces that containers or tunnels made: their addresses are not the machine's own. */
    private static final List<String> FOREIGN_INTERFACES =
            List.of("docker", "cbr", "virbr", "lxcbr", "veth", "cali", "tunl");

    private static final Path RUN_DIRECTORY = Path.of("/run/calico");

    /** Some address far away (reserved for documentation): which route leads there is what matters. */
    private static final byte[] FAR_AWAY = {(byte) 192, 0, 2, 1};

    private final Map<String, String> environment;

    LocalMachine(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public String hostName() {
        String given = environment.getOrDefault("HOSTNAME", "");
        if (!given.isEmpty()) {
            return given;
        }
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read this machine's name; set HOSTNAME", e);
        }
    }

    @Override
    public boolean isRoot() {
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot tell which user this process runs as", e);
        }
    }

    @Override
    public Optional<IpAddress> detectedAddress() {
        Optional<IpAddress> ofDefaultRoute = sourceOfDefaultRoute();
        return ofDefaultRoute.isPresent() ? ofDefaultRoute : lastOwnAddress();
    }

    /** Connecting a datagram socket sends nothing; it makes the kernel look up the route and choose the source. */
    private static Optional<IpAddress> sourceOfDefaultRoute() {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(InetAddress.getByAddress(FAR_AWAY), 9));
            InetAddress local = socket.getLocalAddress();
            return local instanceof Inet4Address && !local.isAnyLocalAddress() && !local.isLoopbackAddress()
                    ? Optional.of(IpAddress.ofBytes(local.getAddress()))
                    : Optional.empty();
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty();
        }
    }

    private static Optional<IpAddress> lastOwnAddress() {
        Optional<IpAddress> last = Optional.empty();
        for (NetworkInterface networkInterface : interfaces()) {
            if (FOREIGN_INTERFACES.stream().anyMatch(networkInterface.getName()::startsWith)) {
                continue;
            }
            for (InetAddress address : (Iterable<InetAddress>) networkInterface.inetAddresses()::iterator) {
                if (address instanceof Inet4Address && !address.isLoopbackAddress()) {
                    last = Optional.of(IpAddress.ofBytes(address.getAddress()));
                }
            }
        }
        return last;
    }

    @Override
    public Set<IpAddress> addresses() {
        Set<IpAddress> addresses = new HashSet<>();
        for (NetworkInterface networkInterface : interfaces()) {
            if (!networkInterface.getName().equals("docker0")) {
                networkInterface.inetAddresses().forEach(a -> addresses.add(IpAddress.ofBytes(a.getAddress())));
            }
        }
        return addresses;
    }

    private static List<NetworkInterface> interfaces() {
        try {
            return NetworkInterface.networkInterfaces().toList();
        } catch (SocketException e) {
            throw new UncheckedIOException("cannot list this machine's network interfaces", e);
        }
    }

    @Override
    public NodeProcess nodeProcess() {
        String home = environment.getOrDefault("CALICO_HOME", "");
        return new NodeProcess(Path.of(home.isEmpty() ? "." : home).toAbsolutePath(), RUN_DIRECTORY, environment);
    }

    @Override
    public Report checkNode(CalicoStore store, boolean mend) throws InterruptedException {
        return HostOperations.check(store, hostName(), environment, mend);
    }

    @Override
    public List<String> removeFromKernel() {
        return HostOperations.removeFromKernel();
    }

    @Override
    public Path logDirectory(Optional<String> given) {
        return Path.of(given.filter(d -> !d.isEmpty()).orElse("/var/log/calico"))
                .toAbsolutePath();
    }

    @Override
    public Instant now() {
        return Instant.now();
    }

    @Override
    public Path datastoreSocket() {
        return RUN_DIRECTORY.resolve("datastore.sock");
    }
}
