package io.calico.ctl;

import io.calico.datastore.EndpointFilter;
import io.calico.datastore.StoredEndpoint;
import io.calico.model.EndpointKey;
import io.calico.model.Names;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** {@code calicoctl endpoint}: the interfaces of workloads, and the profiles that they have. */
final class EndpointCommand implements CommandGroup {
    private static final String PLACE = " [--host=HOST] [--orchestrator=ORCHESTRATOR] [--workload=WORKLOAD]";
    private static final String PROFILES = "PROFILE";

    @Override
    public String name() {
        return "endpoint";
    }

    @Override
    public String summary() {
        return "Show endpoints, and show and change their profiles.";
    }

    @Override
    public List<Form> forms() {
        return List.of(
                Form.of("show" + PLACE + " [--endpoint=ENDPOINT] [--detailed]", EndpointCommand::show),
                Form.of("ENDPOINT_ID profile (append|remove|set)" + PLACE + " [PROFILE...]", EndpointCommand::change),
                Form.of("ENDPOINT_ID profile show" + PLACE, EndpointCommand::showProfiles));
    }

    @Override
    public Map<String, String> optionDescriptions() {
        return Map.of(
                "--host", "Only endpoints on this host.",
                "--orchestrator", "Only endpoints of this orchestrator (docker, libnetwork).",
                "--workload", "Only endpoints of this workload.",
                "--endpoint", "Only the endpoint with this id.",
                "--detailed", "One line for each endpoint.");
    }

    private static EndpointFilter filter(Arguments arguments, Optional<String> endpoint) {
        return new EndpointFilter(
                arguments.option("--host"),
                arguments.option("--orchestrator"),
                arguments.option("--workload"),
                endpoint);
    }

    private static ExitStatus show(Arguments arguments, Session session) {
        EndpointFilter filter = filter(arguments, arguments.option("--endpoint"));
        List<StoredEndpoint> endpoints =
                session.readable(session.store().endpoints().list(filter));
        session.console().table(arguments.hasOption("--detailed") ? details(endpoints) : summary(endpoints));
        session.console().line("");
        return ExitStatus.DONE;
    }

    private static Table summary(List<StoredEndpoint> endpoints) {
        Map<List<String>, Set<String>> workloads = new LinkedHashMap<>();
        Map<List<String>, Integer> counts = new LinkedHashMap<>();
        for (StoredEndpoint endpoint : endpoints) {
            List<String> row = List.of(endpoint.key().host(), endpoint.key().orchestrator());
            workloads
                    .computeIfAbsent(row, r -> new HashSet<>())
                    .add(endpoint.key().workload());
            counts.merge(row, 1, Integer::sum);
        }
        Table table = new Table("Hostname", "Orchestrator ID", "Number of Workloads", "Number of Endpoints");
        counts.forEach((row, count) -> table.row(
                row.get(0),
                row.get(1),
                Integer.toString(workloads.getOrDefault(row, Set.of()).size()),
                count.toString()));
        return table.sorted();
    }

    private static Table details(List<StoredEndpoint> endpoints) {
        Table table = new Table(
                "Hostname", "Orchestrator ID", "Workload ID", "Endpoint ID", "Addresses", "MAC", "Profiles", "State");
        for (StoredEndpoint endpoint : endpoints) {
            EndpointKey key = endpoint.key();
            WorkloadEndpoint value = endpoint.value();
            String addresses = Stream.concat(
                            value.ipv4Nets().stream().sorted(),
                            value.ipv6Nets().stream().sorted())
                    .map(Cidr::toString)
                    .collect(Collectors.joining("\n"));
            table.row(
                    key.host(),
                    key.orchestrator(),
                    key.workload(),
                    key.endpoint(),
                    addresses,
                    value.mac().toString(),
                    String.join(",", value.profileIds()),
                    value.state().text());
        }
        return table.sorted();
    }

    /** A change of an endpoint's list of profiles. */
    private enum Change {
        APPEND("Failed to append profiles to endpoint."),
        REMOVE("Failed to remove profiles from endpoint."),
        SET("Failed to set profiles for endpoint.");

        private final String failure;

        Change(String failure) {
            this.failure = failure;
        }

        static Change of(Arguments arguments) {
            return arguments.has("append") ? APPEND : arguments.has("remove") ? REMOVE : SET;
        }
    }

    private static ExitStatus change(Arguments arguments, Session session) {
        Change change = Change.of(arguments);
        List<String> given = arguments.values(PROFILES);
        if (given.isEmpty() && change != Change.SET) {
            session.console().paragraph("No profile specified.");
            return ExitStatus.DONE;
        }
        List<String> profiles = existingProfiles(given, session);
        Optional<StoredEndpoint> found = findOne(arguments, session, change.failure, change == Change.APPEND);
        if (found.isEmpty()) {
            return ExitStatus.FAILED;
        }
        StoredEndpoint endpoint = found.get();
        List<String> list = new ArrayList<>(endpoint.value().profileIds());
        for (int i = 0; i < profiles.size(); i++) {
            boolean isThere = list.contains(profiles.get(i));
            if (change == Change.APPEND && isThere) {
                session.console().paragraph("Profile " + given.get(i) + " is already in endpoint profile list");
                return ExitStatus.DONE;
            }
            if (change == Change.REMOVE && !isThere) {
                session.console().paragraph("Profile " + given.get(i) + " is not in endpoint profile list.");
                return ExitStatus.DONE;
            }
        }
        switch (change) {
            case APPEND -> list.addAll(profiles);
            case REMOVE -> list.removeAll(profiles);
            case SET -> {
                list.clear();
                list.addAll(profiles);
            }
        }
        write(endpoint, list, session);
        session.console().paragraph(done(change, given));
        return ExitStatus.DONE;
    }

    private static String done(Change change, List<String> given) {
        return switch (change) {
            case APPEND -> "Profile(s) " + String.join(", ", given) + " appended.";
            case REMOVE -> "Profile(s) " + String.join(",", given) + " removed.";
            case SET ->
                given.isEmpty()
                        ? "Removed all profiles from endpoint."
                        : "Profile(s) set to " + String.join(", ", given) + ".";
        };
    }

    /** The stored names of the profiles given; each must exist and be named once. */
    private static List<String> existingProfiles(List<String> given, Session session) {
        for (String name : given) {
            if (!Names.isValidName(name)) {
                session.console().paragraph(Names.PROFILE_MESSAGE);
                throw CommandFailure.silent();
            }
        }
        NameLookup names = new NameLookup(session.store());
        List<String> profiles = new ArrayList<>();
        for (String name : given) {
            String profile = names.profile(name);
            if (!session.store().profiles().exists(profile)) {
                throw CommandFailure.refused("Profile with name " + name + " was not found.");
            }
            if (profiles.contains(profile)) {
                throw CommandFailure.refused("Profile with name " + name + " was specified more than once.");
            }
            profiles.add(profile);
        }
        return profiles;
    }

    /** The one endpoint that is meant; empty, and the user has been told, if there is none or more than one. */
    private static Optional<StoredEndpoint> findOne(
            Arguments arguments, Session session, String failure, boolean saysUnknown) {
        String id = arguments.value("ENDPOINT_ID");
        List<StoredEndpoint> found =
                session.readable(session.store().endpoints().list(filter(arguments, Optional.of(id))));
        if (found.size() == 1) {
            return Optional.of(found.get(0));
        }
        Console console = session.console();
        if (found.isEmpty()) {
            console.paragraph(failure);
            console.paragraph(
                    saysUnknown ? "Endpoint " + id + " is unknown to Calico." : "Endpoint could not be found.");
        } else {
            console.paragraph("More than one endpoint matches " + id
                    + ". Say which one with --host, --orchestrator and --workload.");
        }
        return Optional.empty();
    }

    private static void write(StoredEndpoint endpoint, List<String> profiles, Session session) {
        boolean written = session.store()
                .endpoints()
                .update(endpoint.key(), endpoint.modRevision(), endpoint.value().withProfileIds(profiles))
                .isPresent();
        if (!written) {
            throw CommandFailure.error("endpoint " + endpoint.key()
                    + " was changed by somebody else at the same moment; nothing was done, try again");
        }
    }

    private static ExitStatus showProfiles(Arguments arguments, Session session) {
        Optional<StoredEndpoint> endpoint = findOne(arguments, session, "Failed to list profiles in endpoint.", true);
        if (endpoint.isEmpty()) {
            return ExitStatus.FAILED;
        }
        Set<String> profiles = new TreeSet<>(endpoint.get().value().profileIds());
        if (profiles.isEmpty()) {
            session.console().line("Endpoint has no profiles associated with it.");
            return ExitStatus.DONE;
        }
        Table table = new Table("Name");
        profiles.forEach(table::row);
        session.console().table(table);
        session.console().line("");
        return ExitStatus.DONE;
    }
}
