package io.calico.libnetwork;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.libnetwork.http.PluginSocket;
import io.calico.libnetwork.http.Routes;
import io.calico.libnetwork.ipam.IpamDriver;
import io.calico.libnetwork.network.NetworkDriver;
import java.nio.file.Path;
import java.util.List;

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
        Routes.Builder both = Routes.builder();
        both.callWithoutBody("/Plugin.Activate", context -> implementing("NetworkDriver", "IpamDriver"));
        Routes.Builder second = Routes.builder();
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

    private static JsonNode implementing(String... drivers) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode array = json.putArray("Implements");
        List.of(drivers).forEach(array::add);
        return json;
    }
}
