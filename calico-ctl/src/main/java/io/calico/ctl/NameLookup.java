package io.calico.ctl;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.NetworkLookup;
import io.calico.model.Network;
import io.calico.model.Profile;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a person means by the name of a profile or tag: that profile or tag itself; else the network of that name; else
 * the network whose id begins so. Profiles and tags of a network are stored under its id. Confined to one thread.
 */
final class NameLookup {
    private static final int ID_LENGTH = 64;

    private final CalicoStore store;

    NameLookup(CalicoStore store) {
        this.store = store;
    }

    /**
     * The name under which the profile is stored, or would be: the given one if it means nothing yet.
     *
     * @throws CommandFailure if several networks' ids begin so
     */
    String profile(String given) {
        return store.profiles().exists(given) ? given : network(given).orElse(given);
    }

    /**
     * The tag that is stored: the given one if it means nothing yet, for a tag may be named before a profile carries it.
     *
     * @throws CommandFailure if several networks' ids begin so
     */
    String tag(String given) {
        return isKnownTag(given) ? given : network(given).orElse(given);
    }

    /**
     * The tag to give to a profile: a network's if the name is a network's, else a new one. The beginning of an id does
     * not count here: people choose short names for new tags.
     */
    String newTag(String given) {
        return isKnownTag(given) ? given : networkNamed(given).orElse(given);
    }

    private boolean isKnownTag(String given) {
        for (Profile profile : store.profiles().list().values()) {
            if (profile.name().equals(given) || profile.tags().contains(given)) {
                return true;
            }
        }
        return false;
    }

    /** The canonical id of the network that has the name. */
    Optional<String> networkNamed(String given) {
        return store.networks().find(given).map(Network::id);
    }

    private Optional<String> network(String given) {
        Optional<String> named = networkNamed(given);
        if (named.isPresent()) {
            return named;
        }
        Map<String, String> candidates = candidates(given);
        if (candidates.size() > 1) {
            StringBuilder message = new StringBuilder("'" + given + "' is ambiguous, it can be:");
            candidates.forEach(
                    (id, name) -> message.append("\n  ").append(id).append(name.isEmpty() ? "" : "  " + name));
            throw CommandFailure.refused(message.toString());
        }
        return candidates.keySet().stream().findFirst();
    }

    /** Ids that begin so, with names where they are known. */
    private Map<String, String> candidates(String prefix) {
        Map<String, String> candidates = new TreeMap<>();
        // A network whose name has not been learnt yet is known by its profile.
        for (Profile profile : store.profiles().list().values()) {
            if (isId(profile.name()) && profile.name().startsWith(prefix)) {
                candidates.put(profile.name(), "");
            }
        }
        NetworkLookup lookup = store.networks().resolve(prefix);
        if (lookup instanceof NetworkLookup.Found found) {
            candidates.put(found.network().id(), found.network().name());
        } else if (lookup instanceof NetworkLookup.Ambiguous ambiguous) {
            ambiguous.candidates().forEach(network -> candidates.put(network.id(), network.name()));
        }
        return candidates;
    }

    private static boolean isId(String name) {
        return name.length() == ID_LENGTH && name.chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'f');
    }

    /** The names of networks by their ids. */
    Map<String, String> networkNames() {
        Map<String, String> names = new TreeMap<>();
        store.networks().list().values().forEach(network -> names.put(network.id(), network.name()));
        return names;
    }
}
