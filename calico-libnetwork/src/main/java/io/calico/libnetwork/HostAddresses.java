package io.calico.libnetwork;

import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Optional;

/** The addresses of the machine that this process runs on. */
final class HostAddresses {
    /** Interfaces that containers or tunnels made: their addresses are not the machine's own. */
    private static final List<String> FOREIGN = List.of("docker", "cbr", "virbr", "lxcbr", "veth", "cali", "tunl");

    /** Some address far away (TEST-NET-1, RFC 5737): which route leads there is what matters. */
    private static final byte[] FAR_AWAY = {(byte) 192, 0, 2, 1};

    private HostAddresses() {}

    /** The IPv4 address with which this machine speaks to others: of its default route, else of its last interface. */
    static Optional<IpAddress> detectIpv4() {
        Optional<IpAddress> ofDefaultRoute = sourceOfDefaultRoute();
        return ofDefaultRoute.isPresent() ? ofDefaultRoute : ofLastInterface();
    }

    /** Connecting a datagram socket sends nothing; it makes the kernel look up the route and choose the source. */
    private static Optional<IpAddress> sourceOfDefaultRoute() {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(InetAddress.getByAddress(FAR_AWAY), 9));
            return Optional.of(socket.getLocalAddress()).flatMap(HostAddresses::usable);
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty();
        }
    }

    private static Optional<IpAddress> ofLastInterface() {
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(link -> FOREIGN.stream().noneMatch(link.getName()::startsWith))
                    .flatMap(NetworkInterface::inetAddresses)
                    .flatMap(address -> usable(address).stream())
                    .reduce((first, second) -> second);
        } catch (SocketException e) {
            throw new UncheckedIOException("cannot list this machine's network interfaces", e);
        }
    }

    private static Optional<IpAddress> usable(InetAddress address) {
        return address instanceof Inet4Address && !address.isAnyLocalAddress() && !address.isLoopbackAddress()
                ? Optional.of(IpAddress.ofBytes(address.getAddress()))
                : Optional.empty();
    }
}
