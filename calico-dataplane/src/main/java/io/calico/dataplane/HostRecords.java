package io.calico.dataplane;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.dataplane.routes.RouteCalculator;
import io.calico.datastore.Keys;
import io.calico.datastore.Nodes;
import io.calico.datastore.StoreKey;
import io.calico.datastore.syncer.SyncUpdate;
import io.calico.model.EndpointKey;
import io.calico.model.IpPool;
import io.calico.model.ProfileRules;
import io.calico.model.VxlanTunnel;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import io.calico.policy.PolicyCalculator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The datastore's records as far as one host's dataplane needs them, and the policy and routes that follow. One record that cannot be
 * read counts as absent, is logged once for each change, and stops nothing else. Confined to one thread.
 */
final class HostRecords {
    private static final Logger LOG = LoggerFactory.getLogger(HostRecords.class);
    /** So many lists of profiles that no endpoint uses any more stay until the next look at the host. */
    private static final int MOST_UNUSED_LISTS = 16;

    private static final String TO_HOST = "DefaultEndpointToHostAction";
    private static final String IPIP_ADDRESS = "IpInIpTunnelAddr";

    /**
     * What {@link #fold} must be fed with, each by a syncer of its own: what they have in common is the whole store, and
     * with it the blocks, which change with each address. The order of changes matters only within the first, of which
     * policy and endpoints are.
     */
    static final List<List<String>> SOURCES = List.of(
            List.of(Keys.GLOBAL_CONFIG, Keys.HOSTS, Keys.PROFILES, Keys.IPAM_V1),
            List.of(Keys.IPAM_HOSTS),
            List.of(Keys.BGP_HOSTS));

    private final String host;
    private final PolicyCalculator calculator;
    private final RouteCalculator routes;
    private final Map<EndpointKey, WorkloadEndpoint> endpoints = new TreeMap<>();
    private final Map<EndpointKey, String> unusable = new TreeMap<>();
    private final Map<StoreKey, String> toHostSettings = new HashMap<>();

    /** What {@link #toHost} says, and the setting that it follows from, so that a bad one is logged once. */
    private EndpointToHostAction toHost = EndpointToHostAction.RETURN;

    private @Nullable String lastSetting;

    HostRecords(String host) {
        this.host = host;
        this.calculator = new PolicyCalculator(host, MOST_UNUSED_LISTS);
        this.routes = new RouteCalculator(host);
    }

    /**
     * What a fold means for this host's links.
     *
     * @param gone interfaces that belonged to an endpoint and now belong to none
     * @param changed endpoints of this host that are new, or whose interface should be different
     */
    record LinkChanges(Set<String> gone, Set<EndpointKey> changed) {}

    LinkChanges fold(List<SyncUpdate> updates) {
        LinkChanges changes = new LinkChanges(new HashSet<>(), new HashSet<>());
        for (SyncUpdate update : updates) {
            StoreKey key = update.key();
            if (key instanceof StoreKey.Endpoint endpoint) {
                foldEndpoint(endpoint.key(), update, changes);
            } else if (key instanceof StoreKey.ProfileTags tags) {
                report(calculator.onProfileTags(tags.profile(), read(update, ModelJson::readTags)));
            } else if (key instanceof StoreKey.ProfileRulesKey rules) {
                report(calculator.onProfileRules(
                        rules.profile(), read(update, (k, json) -> ModelJson.read(k, json, ProfileRules::fromJson))));
            } else if (key instanceof StoreKey.Pool pool) {
                Optional<IpPool> value = read(update, (k, json) -> ModelJson.read(k, json, IpPool::fromJson));
                calculator.onPool(pool.cidr(), value);
                routes.onPool(pool.cidr(), value);
            } else if (isToHostSetting(key)) {
                foldToHost(key, update.value());
            } else {
                foldRoutes(key, update);
            }
        }
        endpoints.values().forEach(e -> changes.gone().remove(e.interfaceName()));
        return changes;
    }

    private void foldRoutes(StoreKey key, SyncUpdate update) {
        if (key instanceof StoreKey.Affinity affinity) {
            routes.onAffinity(
                    affinity.host(),
                    affinity.cidr(),
                    read(update, HostRecords::isConfirmed).orElse(false));
        } else if (key instanceof StoreKey.HostAddress address) {
            IpVersion version = address.version();
            routes.onHostAddress(
                    address.host(),
                    version,
                    read(update, (k, text) -> Nodes.readAddress(k, text, version))
                            .flatMap(a -> a));
        } else if (key instanceof StoreKey.HostVxlan vxlan) {
            routes.onVxlan(vxlan.host(), read(update, (k, json) -> ModelJson.read(k, json, VxlanTunnel::fromJson)));
        } else if (key instanceof StoreKey.HostConfig config && config.name().equals(IPIP_ADDRESS)) {
            routes.onIpIpAddress(
                    config.host(),
                    read(update, (k, text) -> Nodes.readAddress(k, text, IpVersion.V4))
                            .flatMap(a -> a));
        }
    }

    private void foldEndpoint(EndpointKey key, SyncUpdate update, LinkChanges changes) {
        Optional<WorkloadEndpoint> endpoint =
                read(update, (k, json) -> ModelJson.read(k, json, WorkloadEndpoint::fromJson));
        Optional<String> reason = calculator.onEndpoint(key, endpoint);
        report(reason);
        boolean isLocal = key.host().equals(host);
        // Of an unusable one of this host, too: its interface may have them.
        boolean hasAddresses = endpoint.isPresent() && (isLocal || reason.isEmpty());
        routes.onEndpoint(key, hasAddresses ? endpoint.get().addresses() : List.of());
        if (!isLocal) {
            return;
        }
        String reasonBefore = unusable.remove(key);
        if (update.value().isPresent() && endpoint.isEmpty()) {
            // Its interface is not known any more, but it has one: what was known is not taken away.
            unusable.put(key, "its record is damaged");
            return;
        }
        reason.ifPresent(text -> unusable.put(key, text));
        WorkloadEndpoint before = endpoint.isPresent() ? endpoints.put(key, endpoint.get()) : endpoints.remove(key);
        if (before != null) {
            changes.gone().add(before.interfaceName());
        }
        boolean isAsBefore = endpoint.isPresent()
                && before != null
                && isSameLink(before, endpoint.get())
                && Objects.equals(reasonBefore, reason.orElse(null));
        if (endpoint.isPresent() && !isAsBefore) {
            changes.changed().add(key);
        }
    }

    /** A Join writes down the sandbox, which is nothing to the link; to look at each once more takes longer than to make it. */
    private static boolean isSameLink(WorkloadEndpoint one, WorkloadEndpoint other) {
        return one.interfaceName().equals(other.interfaceName())
                && one.state() == other.state()
                && one.mac().equals(other.mac())
                && one.addresses().equals(other.addresses())
                && gateway(one).equals(gateway(other));
    }

    private static IpAddress gateway(WorkloadEndpoint endpoint) {
        return endpoint.ipv4Gateway().orElse(WorkloadInterface.DEFAULT_GATEWAY);
    }

    private boolean isToHostSetting(StoreKey key) {
        return key instanceof StoreKey.GlobalConfig global && global.name().equals(TO_HOST)
                || key instanceof StoreKey.HostConfig own
                        && own.name().equals(TO_HOST)
                        && own.host().equals(host);
    }

    private void foldToHost(StoreKey key, Optional<String> value) {
        if (value.isPresent()) {
            toHostSettings.put(key, value.get());
        } else {
            toHostSettings.remove(key);
        }
    }

    private interface Reader<T> {
        T read(String key, String json);
    }

    private static <T> Optional<T> read(SyncUpdate update, Reader<T> reader) {
        if (update.value().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(reader.read(update.rawKey(), update.value().get()));
        } catch (BadRecordException e) {
            LOG.warn("Treated as absent: {}", e.getMessage());
            return Optional.empty();
        }
    }

    private static void report(Optional<String> unusable) {
        unusable.ifPresent(reason -> LOG.warn("Treated as absent: {}", reason));
    }

    /** The policy that follows from all records so far, with some lists of profiles that were used lately. */
    CompiledPolicy policy() {
        return calculator.compile();
    }

    /** Forgets the lists of profiles that no endpoint uses any more; whether {@link #policy} says something else now. */
    boolean forgetUnused() {
        return calculator.forgetUnused();
    }

    /** The routes that follow from all records so far. */
    RouteCalculator routes() {
        return routes;
    }

    /** What packets from workloads to this host meet: the host's own setting, else the global one, else RETURN. */
    EndpointToHostAction toHost() {
        String setting = toHostSettings.get(new StoreKey.HostConfig(host, TO_HOST));
        if (setting == null) {
            setting = toHostSettings.get(new StoreKey.GlobalConfig(TO_HOST));
        }
        if (!Objects.equals(setting, lastSetting)) {
            lastSetting = setting;
            toHost = parseAction(setting);
        }
        return toHost;
    }

    private static EndpointToHostAction parseAction(@Nullable String setting) {
        if (setting == null || setting.equals("none")) {
            return EndpointToHostAction.RETURN;
        }
        return switch (setting.toUpperCase(Locale.ROOT)) {
            case "RETURN" -> EndpointToHostAction.RETURN;
            case "ACCEPT" -> EndpointToHostAction.ACCEPT;
            case "DROP" -> EndpointToHostAction.DROP;
            default -> {
                String shown = setting.substring(0, Math.min(40, setting.length()));
                LOG.warn("{} is '{}', not one of DROP, RETURN, ACCEPT; taken as DROP", TO_HOST, shown);
                yield EndpointToHostAction.DROP;
            }
        };
    }

    /** Why an endpoint of this host is not part of the policy; empty if nothing speaks against it. */
    Optional<String> whyUnusable(EndpointKey key) {
        return Optional.ofNullable(unusable.get(key));
    }

    /** The interfaces of this host's endpoints, of inactive and unusable ones, too. */
    Set<String> interfaceNames() {
        Set<String> names = new HashSet<>();
        endpoints.values().forEach(e -> names.add(e.interfaceName()));
        return names;
    }

    /** Whether an endpoint of this host may have an interface whose name cannot be known. */
    boolean hasUnreadableEndpoints() {
        return unusable.keySet().stream().anyMatch(key -> !endpoints.containsKey(key));
    }

    Set<EndpointKey> endpointKeys() {
        return Set.copyOf(endpoints.keySet());
    }

    /** The host side that the endpoint's interface must have; empty if there is no such endpoint, or it has no address. */
    Optional<WorkloadInterface> workload(EndpointKey key) {
        WorkloadEndpoint endpoint = endpoints.get(key);
        if (endpoint == null) {
            return Optional.empty();
        }
        String suffix = endpoint.interfaceName()
                .substring(Math.min(
                        WorkloadInterface.PREFIX.length(),
                        endpoint.interfaceName().length()));
        try {
            return Optional.of(WorkloadInterface.builder()
                    .hostName(endpoint.interfaceName())
                    .containerName(WorkloadInterface.CONTAINER_PREFIX + suffix)
                    .containerMac(endpoint.mac())
                    .addresses(endpoint.addresses())
                    .gateway4(gateway(endpoint))
                    .build());
        } catch (IllegalArgumentException e) {
            LOG.warn("Interface of endpoint {} is left alone: {}", key, e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * Whether a host's right to a block is confirmed: {@code {"state":"confirmed"}}, or as old writers stored it an empty
     * value, an empty object, an empty state.
     *
     * @throws BadRecordException if it cannot be read
     */
    private static boolean isConfirmed(String key, String value) {
        if (value.isBlank()) {
            return true;
        }
        return ModelJson.read(key, value, json -> {
            JsonNode state = json.path("state");
            boolean isConfirmed = state.isMissingNode()
                    || state.isTextual()
                            && (state.textValue().isEmpty() || state.textValue().equals("confirmed"));
            return isConfirmed && !json.path("deleted").asBoolean();
        });
    }
}
