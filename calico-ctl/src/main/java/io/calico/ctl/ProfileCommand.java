package io.calico.ctl;

import io.calico.datastore.EndpointFilter;
import io.calico.datastore.StoredEndpoint;
import io.calico.datastore.spi.DatastoreException;
import io.calico.model.EndpointKey;
import io.calico.model.Names;
import io.calico.model.Profile;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code calicoctl profile}: policy. The forms about rules are in {@link ProfileRuleForms}. */
final class ProfileCommand implements CommandGroup {
    private static final String PROFILE = "PROFILE";
    private static final String TAG = "TAG";

    @Override
    public String name() {
        return "profile";
    }

    @Override
    public String summary() {
        return "Show and change profiles: the rules and tags of networks and endpoints.";
    }

    @Override
    public List<Form> forms() {
        List<Form> forms = new ArrayList<>(List.of(
                Form.of("show [--detailed]", ProfileCommand::show),
                Form.of("add PROFILE", ProfileCommand::add),
                Form.of("remove PROFILE [--no-check]", ProfileCommand::remove),
                Form.of("PROFILE tag show", ProfileCommand::showTags),
                Form.of("PROFILE tag (add|remove) TAG", ProfileCommand::changeTags)));
        forms.addAll(ProfileRuleForms.forms());
        return forms;
    }

    @Override
    public Map<String, String> optionDescriptions() {
        return Map.of(
                "--detailed", "Show the endpoints that have each profile.",
                "--no-check", "Remove the profile even if endpoints have it; their traffic is then dropped.",
                "--at", "Number of the rule in its list, from 1, as 'rule show' prints it.",
                "--names", "Show the names of networks instead of their ids.");
    }

    @Override
    public List<String> notes() {
        return List.of(
                "PROFILE and TAG are the name of a profile or tag, the name of a Docker network, or the",
                "beginning of a network's id.",
                "",
                "RULE is: (allow|deny) [PROTOCOL] [from PEER] [to PEER]",
                "  PROTOCOL  tcp, udp, icmp or icmpv6; icmp [type N [code N]]",
                "  PEER      [ports PORTS] [tag TAG] [cidr CIDR], ports with tcp and udp only",
                "  PORTS     numbers and ranges: 80,443,8000:8010",
                "Rules are tried in order, the first that matches decides; what none allows is dropped.",
                "",
                "'rule update' reads the rules from standard input, in the form that 'rule json' prints.",
                "",
                "  calicoctl profile data-tier rule add inbound allow tcp from tag app-tier to ports 3306",
                "  calicoctl profile data-tier rule add inbound --at=1 deny icmp");
    }

    /** Says so if the name of the profile cannot be one; returns whether it can. */
    static boolean hasValidName(Arguments arguments, Session session) {
        boolean valid = Names.isValidName(arguments.value(PROFILE));
        if (!valid) {
            session.console().paragraph(Names.PROFILE_MESSAGE);
        }
        return valid;
    }

    /** What to say if the profile does not exist. */
    static CommandFailure notFound(Arguments arguments) {
        return CommandFailure.refused("Profile " + arguments.value(PROFILE) + " not found.");
    }

    /**
     * The name under which the existing profile is stored.
     *
     * @throws CommandFailure if its name cannot be one, or it does not exist
     */
    static String requireProfile(Arguments arguments, Session session) {
        if (!hasValidName(arguments, session)) {
            throw CommandFailure.silent();
        }
        String profile = new NameLookup(session.store()).profile(arguments.value(PROFILE));
        if (!session.store().profiles().exists(profile)) {
            throw notFound(arguments);
        }
        return profile;
    }

    private static ExitStatus show(Arguments arguments, Session session) {
        List<Profile> profiles = session.readable(session.store().profiles().list());
        session.console().table(arguments.hasOption("--detailed") ? details(profiles, session) : names(profiles));
        return ExitStatus.DONE;
    }

    private static Table names(List<Profile> profiles) {
        Table table = new Table("Name");
        profiles.forEach(profile -> table.row(profile.name()));
        return table.sorted();
    }

    private static Table details(List<Profile> profiles, Session session) {
        List<StoredEndpoint> endpoints =
                session.readable(session.store().endpoints().list(EndpointFilter.all()));
        Table table = new Table("Name", "Host", "Orchestrator ID", "Workload ID", "Endpoint ID", "State");
        for (Profile profile : profiles) {
            boolean used = false;
            for (StoredEndpoint endpoint : endpoints) {
                if (endpoint.value().profileIds().contains(profile.name())) {
                    EndpointKey key = endpoint.key();
                    table.row(
                            profile.name(),
                            key.host(),
                            key.orchestrator(),
                            key.workload(),
                            key.endpoint(),
                            endpoint.value().state().text());
                    used = true;
                }
            }
            if (!used) {
                String missing = Table.MISSING;
                table.row(profile.name(), missing, missing, missing, missing, missing);
            }
        }
        return table.sorted();
    }

    private static ExitStatus add(Arguments arguments, Session session) {
        if (!hasValidName(arguments, session)) {
            return ExitStatus.FAILED;
        }
        String name = arguments.value(PROFILE);
        // A network's name stands for the network's profile: a second one of that name would hide it.
        String stored = new NameLookup(session.store())
                .networkNamed(name)
                .filter(id -> session.store().profiles().exists(id))
                .orElse(name);
        boolean created = session.store().profiles().create(Profile.defaults(stored));
        session.console().line(created ? "Created profile " + name : "Profile " + name + " already exists.");
        return ExitStatus.DONE;
    }

    private static ExitStatus remove(Arguments arguments, Session session) {
        if (!hasValidName(arguments, session)) {
            return ExitStatus.FAILED;
        }
        String profile = new NameLookup(session.store()).profile(arguments.value(PROFILE));
        if (!session.store().profiles().exists(profile)) {
            session.console().line("Profile " + arguments.value(PROFILE) + " not found.");
            return ExitStatus.DONE;
        }
        if (!arguments.hasOption("--no-check") && isInUse(profile, session)) {
            session.console().line("Cannot remove profile - profile in use by endpoint(s).");
            session.console().line("Use the '--no-check' flag to remove it all the same.");
            return ExitStatus.FAILED;
        }
        session.store().profiles().remove(profile);
        session.console().line("Deleted profile " + arguments.value(PROFILE));
        return ExitStatus.DONE;
    }

    private static boolean isInUse(String profile, Session session) {
        for (StoredEndpoint endpoint :
                session.readable(session.store().endpoints().list(EndpointFilter.all()))) {
            if (endpoint.value().profileIds().contains(profile)) {
                return true;
            }
        }
        return false;
    }

    private static ExitStatus showTags(Arguments arguments, Session session) {
        String name = requireProfile(arguments, session);
        Profile profile = session.store().profiles().find(name).orElseThrow(() -> notFound(arguments));
        profile.tags().forEach(session.console()::line);
        return ExitStatus.DONE;
    }

    private static ExitStatus changeTags(Arguments arguments, Session session) {
        String given = arguments.value(TAG);
        boolean add = arguments.has("add");
        boolean valid = hasValidName(arguments, session);
        // Removing takes any text, so that bad old data can be cleaned.
        if (add && !Names.isValidName(given)) {
            session.console().paragraph(Names.TAG_MESSAGE);
            valid = false;
        }
        if (!valid) {
            return ExitStatus.FAILED;
        }
        String profile = requireProfile(arguments, session);
        return add ? addTag(profile, arguments, session) : removeTag(profile, arguments, session);
    }

    private static ExitStatus addTag(String profile, Arguments arguments, Session session) {
        String given = arguments.value(TAG);
        String tag = new NameLookup(session.store()).newTag(given);
        updateTags(profile, tags -> tags.add(tag), arguments, session);
        session.console().line("Tag " + given + " added to profile " + arguments.value(PROFILE));
        return ExitStatus.DONE;
    }

    private static ExitStatus removeTag(String profile, Arguments arguments, Session session) {
        String given = arguments.value(TAG);
        List<String> before = session.store()
                .profiles()
                .find(profile)
                .orElseThrow(() -> notFound(arguments))
                .tags();
        String tag = before.contains(given) || !Names.isValidName(given)
                ? given
                : new NameLookup(session.store()).tag(given);
        if (!before.contains(tag)) {
            session.console().line("Tag " + given + " is not on profile " + arguments.value(PROFILE));
            return ExitStatus.DONE;
        }
        updateTags(profile, tags -> tags.remove(tag), arguments, session);
        session.console().line("Tag " + given + " removed from profile " + arguments.value(PROFILE));
        return ExitStatus.DONE;
    }

    /** A change of a set of tags that keeps the order of those that stay. */
    @FunctionalInterface
    private interface TagChange {
        @SuppressWarnings("UnusedReturnValue")
        boolean applyTo(Set<String> tags);
    }

    private static void updateTags(String profile, TagChange change, Arguments arguments, Session session) {
        try {
            session.store().profiles().updateTags(profile, tags -> {
                Set<String> changed = new LinkedHashSet<>(tags);
                change.applyTo(changed);
                return List.copyOf(changed);
            });
        } catch (DatastoreException.NotFound e) {
            throw notFound(arguments);
        }
    }
}
