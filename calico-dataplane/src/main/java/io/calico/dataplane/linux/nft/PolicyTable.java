package io.calico.dataplane.linux.nft;

import io.calico.model.net.IpAddress;
import io.calico.policy.AddressSet;
import io.calico.policy.CompiledEndpoint;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.CompiledProfile;
import io.calico.policy.Direction;
import io.calico.policy.ProfileList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is in the table, and how to get from there to another content in one transaction. Immutable; pure.
 *
 * <p>The order within a transaction, but for a takeover's ({@link TableListing}), is always: sets and their members, chains,
 * rules, elements that lead to chains; then
 * what is no longer wanted, the other way round. So at no point something names what is not there, which the kernel
 * refuses. Only net differences are sent: an element that stays is not deleted and added.
 *
 * <pre>
 *   endpoint added, its list is known   4 elements: mac, src4, src6, policy_of
 *   first endpoint with a list          + two chains and an element in from_policy and to_policy, if they were not kept
 *   tag member added on any host        1 element
 *   host with VXLAN added               1 element
 *   profile changed                     its chain flushed and written anew; jumps to it stay
 * </pre>
 */
final class PolicyTable {
    private final TableContent content;
    private final PolicyNumbers numbers;

    private PolicyTable(TableContent content, PolicyNumbers numbers) {
        this.content = content;
        this.numbers = numbers;
    }

    /**
     * A transaction and the table after it.
     *
     * @param transaction empty if nothing differs
     */
    record Change(NftTransaction transaction, PolicyTable result) {}

    /** Puts a new table in the place of whatever is there, or of nothing, and of whoever wrote it. */
    static Change replacement(TableContent wanted) {
        NftTransaction.Builder tx = NftTransaction.builder();
        // 'delete' refuses where there is no table; so one is declared first.
        tx.addTable();
        tx.deleteTable();
        tx.addTable();
        Change creation =
                creation(wanted, PolicyNumbers.none().forLists(wanted.policy().lists()));
        creation.transaction().commands().forEach(tx::add);
        return new Change(tx.build(), creation.result());
    }

    /**
     * Goes on with the table that is there, whoever wrote it; what is right is not touched.
     *
     * @return empty if only a new table will do
     */
    static Optional<Change> takeover(TableListing there, TableContent wanted) {
        SortedSet<ProfileList> lists = wanted.policy().lists();
        PolicyNumbers numbers = PolicyNumbers.of(there, lists).forLists(lists);
        if (numbers.areExhausted()) {
            return Optional.empty();
        }
        Change creation = creation(wanted, numbers);
        return there.changesTo(creation.transaction()).map(tx -> new Change(tx, creation.result()));
    }

    /** All that is in the table, where it has nothing yet. */
    private static Change creation(TableContent wanted, PolicyNumbers numbers) {
        NftTransaction.Builder tx = NftTransaction.builder();
        Layout.declare(tx);
        CompiledPolicy policy = wanted.policy();
        tx.addRules(Layout.WORKLOAD_TO_HOST, Layout.workloadToHost(wanted.toHost()));
        tx.addRules(Layout.NAT, Layout.nat(policy.pools(), policy.natPools()));
        // The table so far: no endpoints, but the same rules for the host.
        CompiledPolicy poolsOnly = CompiledPolicy.of(List.of(), List.of(), Map.of(), policy.pools(), policy.natPools());
        PolicyTable empty =
                new PolicyTable(TableContent.of(poolsOnly, wanted.toHost(), Set.of()), PolicyNumbers.none());
        PolicyTable result = new PolicyTable(wanted, numbers);
        new Difference(empty, result, tx).write();
        return new Change(tx.build(), result);
    }

    /** What is in the table. */
    TableContent content() {
        return content;
    }

    /** What must be sent so that the content becomes this one. */
    Change to(TableContent wanted) {
        PolicyNumbers wantedNumbers = numbers.forLists(wanted.policy().lists());
        if (wantedNumbers.areExhausted()) {
            return replacement(wanted);
        }
        PolicyTable result = new PolicyTable(wanted, wantedNumbers);
        NftTransaction.Builder tx = NftTransaction.builder();
        new Difference(this, result, tx).write();
        return new Change(tx.build(), result);
    }

    /** Compares two tables part by part. That is cheap, since parts that did not change are mostly the same instances. */
    private static final class Difference {
        private final PolicyTable before;
        private final PolicyTable after;
        private final CompiledPolicy old;
        private final CompiledPolicy wanted;
        private final NftTransaction.Builder tx;
        private final ElementChanges elements = new ElementChanges();

        Difference(PolicyTable before, PolicyTable after, NftTransaction.Builder tx) {
            this.before = before;
            this.after = after;
            this.old = before.content.policy();
            this.wanted = after.content.policy();
            this.tx = tx;
        }

        void write() {
            addTagSets();
            Set<ProfileList> newLists = minus(wanted.lists(), old.lists());
            Set<ProfileList> goneLists = minus(old.lists(), wanted.lists());
            Set<String> goneProfiles =
                    minus(old.profiles().keySet(), wanted.profiles().keySet());
            addChains(newLists);
            writeProfiles();
            newLists.forEach(list -> writeList(list, after.numbers));
            goneLists.forEach(list -> forgetList(list, before.numbers));
            changeEndpoints();
            changeUplinks();
            changeTunnelHosts();
            elements.write(tx);
            changeHostRules();
            goneLists.forEach(list -> both(direction -> tx.removeChain(ProfileChains.chainOf(list, direction))));
            goneProfiles.forEach(name -> both(direction -> tx.removeChain(ProfileChains.chainOf(name, direction))));
            minus(old.tagSets().keySet(), wanted.tagSets().keySet())
                    .forEach(tag -> tx.deleteSet(ProfileChains.setOf(tag)));
        }

        private void addTagSets() {
            wanted.tagSets().forEach((tag, members) -> {
                AddressSet known = old.tagSets().get(tag);
                String set = ProfileChains.setOf(tag);
                if (known == null) {
                    tx.addSet(set, ProfileChains.typeOf(tag));
                    tx.addElements(set, elements(members));
                } else if (!known.equals(members)) {
                    AddressSet.Changes changes = members.changesSince(known);
                    tx.addElements(set, elements(changes.added()));
                    tx.deleteElements(set, elements(changes.removed()));
                }
            });
        }

        private static List<Element> elements(Collection<IpAddress> addresses) {
            return addresses.stream().map(a -> Element.of(Datum.address(a))).toList();
        }

        private void addChains(Set<ProfileList> newLists) {
            for (String name : minus(wanted.profiles().keySet(), old.profiles().keySet())) {
                both(direction -> tx.addChain(ProfileChains.chainOf(name, direction)));
            }
            for (ProfileList list : newLists) {
                both(direction -> tx.addChain(ProfileChains.chainOf(list, direction)));
            }
        }

        private void writeProfiles() {
            wanted.profiles().forEach((name, profile) -> {
                CompiledProfile known = old.profiles().get(name);
                if (!profile.equals(known)) {
                    both(direction -> writeProfile(known, profile, direction));
                }
            });
        }

        private void writeProfile(@Nullable CompiledProfile known, CompiledProfile profile, Direction direction) {
            List<Rule> rules = ProfileChains.rulesOf(profile, direction);
            List<Rule> knownRules = known == null ? List.of() : ProfileChains.rulesOf(known, direction);
            if (!rules.equals(knownRules)) {
                String chain = ProfileChains.chainOf(profile.name(), direction);
                if (!knownRules.isEmpty()) {
                    tx.flushChain(chain);
                }
                tx.addRules(chain, rules);
            }
        }

        private void writeList(ProfileList list, PolicyNumbers numbers) {
            both(direction -> {
                String chain = ProfileChains.chainOf(list, direction);
                tx.addRules(chain, ProfileChains.rulesOf(list, direction));
                elements.add(dispatchOf(direction), Element.mapping(numbers.of(list), NftVerdict.goTo(chain)));
            });
        }

        private void forgetList(ProfileList list, PolicyNumbers numbers) {
            both(direction -> elements.delete(dispatchOf(direction), Element.of(numbers.of(list))));
        }

        private static String dispatchOf(Direction direction) {
            return direction == Direction.INBOUND ? Layout.TO_POLICY : Layout.FROM_POLICY;
        }

        private void changeEndpoints() {
            SortedMap<String, CompiledEndpoint> all = new TreeMap<>(old.endpoints());
            all.putAll(wanted.endpoints());
            for (String name : all.keySet()) {
                CompiledEndpoint known = old.endpoints().get(name);
                CompiledEndpoint endpoint = wanted.endpoints().get(name);
                if (Objects.equals(known, endpoint)) {
                    continue;
                }
                if (known != null) {
                    changeEndpoint(known, before.numbers, false);
                }
                if (endpoint != null) {
                    changeEndpoint(endpoint, after.numbers, true);
                }
            }
        }

        private void changeEndpoint(CompiledEndpoint endpoint, PolicyNumbers numbers, boolean add) {
            Datum.Name name = Datum.name(endpoint.interfaceName());
            elements.change(add, Layout.SOURCE_MACS, Element.of(name, new Datum.Mac(endpoint.mac())));
            for (IpAddress address : endpoint.sourceAddresses()) {
                String set = address.isV4() ? Layout.SOURCES4 : Layout.SOURCES6;
                elements.change(add, set, Element.of(name, Datum.address(address)));
            }
            elements.change(add, Layout.POLICY_OF, Element.mapping(name, numbers.of(endpoint.profiles())));
        }

        private void changeUplinks() {
            SortedSet<String> known = before.content.uplinks();
            SortedSet<String> uplinks = after.content.uplinks();
            minus(uplinks, known).forEach(name -> elements.add(Layout.UPLINKS, Element.of(Datum.name(name))));
            minus(known, uplinks).forEach(name -> elements.delete(Layout.UPLINKS, Element.of(Datum.name(name))));
        }

        private void changeTunnelHosts() {
            AddressSet.Changes changes = after.content.tunnelHosts().changesSince(before.content.tunnelHosts());
            changes.added().forEach(host -> elements.add(hostsOf(host), Element.of(Datum.address(host))));
            changes.removed().forEach(host -> elements.delete(hostsOf(host), Element.of(Datum.address(host))));
        }

        private static String hostsOf(IpAddress host) {
            return host.isV4() ? Layout.HOSTS4 : Layout.HOSTS6;
        }

        private void changeHostRules() {
            List<Rule> input = Layout.workloadToHost(after.content.toHost());
            if (!input.equals(Layout.workloadToHost(before.content.toHost()))) {
                tx.flushChain(Layout.WORKLOAD_TO_HOST);
                tx.addRules(Layout.WORKLOAD_TO_HOST, input);
            }
            List<Rule> nat = Layout.nat(wanted.pools(), wanted.natPools());
            if (!nat.equals(Layout.nat(old.pools(), old.natPools()))) {
                tx.flushChain(Layout.NAT);
                tx.addRules(Layout.NAT, nat);
            }
        }

        private static void both(Consumer<Direction> action) {
            action.accept(Direction.INBOUND);
            action.accept(Direction.OUTBOUND);
        }

        private static <T> Set<T> minus(Set<T> from, Set<T> what) {
            Set<T> rest = new LinkedHashSet<>(from);
            rest.removeAll(what);
            return rest;
        }
    }

    /** Changes of the sets of the layout; what is deleted and added again cancels out. */
    private static final class ElementChanges {
        private final Map<String, Set<Element>> added = new TreeMap<>();
        private final Map<String, Set<Element>> deleted = new TreeMap<>();

        void change(boolean add, String set, Element element) {
            if (add) {
                add(set, element);
            } else {
                delete(set, element);
            }
        }

        void add(String set, Element element) {
            if (!of(deleted, set).remove(element)) {
                of(added, set).add(element);
            }
        }

        void delete(String set, Element element) {
            of(deleted, set).add(element);
        }

        private static Set<Element> of(Map<String, Set<Element>> changes, String set) {
            return changes.computeIfAbsent(set, s -> new LinkedHashSet<>());
        }

        /** Deletions first: a key must be free before it gets another value. */
        void write(NftTransaction.Builder tx) {
            deleted.forEach((set, elements) -> tx.deleteElements(set, withoutValues(elements)));
            added.forEach((set, elements) -> tx.addElements(set, elements));
        }

        private static List<Element> withoutValues(Set<Element> elements) {
            List<Element> keys = new ArrayList<>();
            elements.forEach(e -> keys.add(new Element(e.key(), Optional.empty())));
            return keys;
        }
    }
}
