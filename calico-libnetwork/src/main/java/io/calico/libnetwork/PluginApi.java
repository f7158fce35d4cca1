package io.calico.libnetwork;

import io.calico.libnetwork.http.PluginSocket;
import io.calico.libnetwork.http.Routes;
import io.calico.libnetwork.ipam.IpamDriver;
import io.calico.libnetwork.network.NetworkDriver;
import io.calico.model.json.ModelJson;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Which calls are served where: both drivers on the plugin's socket, so that {@code --driver calico --ipam-driver calico}
 * finds them, and the IPAM driver alone on a second one beside it, for {@code --ipam-driver calico-ipam}.
 */
final class PluginApi {
    private PluginApi() {}

    /**
     * The two sockets.
     *
     * @param socket the plugin's; its file name without suffix is the driver's name
     */
    static List<PluginSocket> sockets(Path socket, NetworkDriver network, IpamDriver ipam) {
        Routes.Builder both = Routes.builder(ModelJson.mapper());
        both.callWithoutBody("/Plugin.Activate", context -> implementing("NetworkDriver", "IpamDriver"));
        Routes.Builder second = Routes.builder(ModelJson.mapper());
        second.callWithoutBody("/Plugin.Activate", context -> implementing("IpamDriver"));
        return List.of(
                new PluginSocket(socket, ipam.addTo(network.addTo(both)).build()),
                new PluginSocket(ipamSocket(socket), ipam.addTo(second).build()));
    }

    private static Path ipamSocket(Path socket) {
        String name = String.valueOf(socket.getFileName());
        int suffix = name.lastIndexOf('.');
        String ipamName = suffix < 0 ? name + "-ipam" : name.substring(0, suffix) + "-ipam" + name.substring(suffix);
        return socket.resolveSibling(ipamName);
    }

    private static Map<String, List<String>> implementing(String... drivers) {
        return Map.of("Implements", List.of(drivers));
    }
}
