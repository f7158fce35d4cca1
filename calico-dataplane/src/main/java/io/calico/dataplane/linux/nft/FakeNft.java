package io.calico.dataplane.linux.nft;

import io.calico.dataplane.DataplaneException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A small nftables in memory, for tests: it applies a transaction to a copy of its table and swaps the copy in whole, and
 * refuses what the kernel refuses (something named that is not there, something deleted that is in use, an element with
 * another value, one deleted that is absent, jumps in a circle). Not thread-safe.
 */
public final class FakeNft implements NftWriter {
    private @Nullable Table table;
    private final List<NftTransaction> transactions = new ArrayList<>();
    private int failures;

    /** A machine without the table. */
    public FakeNft() {}

    /** The next {@code count} transactions are refused and change nothing. */
    public void failNextWrites(int count) {
        failures = count;
    }

    /** Everything is gone, as after somebody's {@code nft flush ruleset}. */
    public void flushRuleset() {
        table = null;
    }

    /** The transactions that were carried out, oldest first. */
    public List<NftTransaction> transactions() {
        return Collections.unmodifiableList(transactions);
    }

    /** Text of the transaction that was carried out last; empty before the first. */
    public String lastTransaction() {
        return transactions.isEmpty()
                ? ""
                : transactions.get(transactions.size() - 1).text();
    }

    @Override
    public void write(NftTransaction transaction) {
        if (failures > 0) {
            failures--;
            throw refused("injected failure");
        }
        Application application = new Application(table == null ? null : new Table(table));
        transaction.commands().forEach(command -> command.accept(application));
        table = application.table;
        transactions.add(transaction);
    }

    @Override
    public Optional<TableListing> read() {
        return Optional.ofNullable(table).map(Table::listing);
    }

    @Override
    public boolean tableExists() {
        return table != null;
    }

    /** Always: there are no events. */
    @Override
    public boolean isOwn(int port) {
        return true;
    }

    /**
     * The table as text, everything in alphabetical order but rules, which are in theirs; empty if there is no table.
     * Equal texts mean equal tables.
     */
    public String list() {
        return table == null ? "" : table.list();
    }

    /**
     * As {@link #list()}, with the numbers that lead from endpoints to chains replaced by the chains: equal texts mean
     * that every packet meets the same rules.
     */
    public String listByMeaning() {
        return table == null ? "" : table.listByMeaning();
    }

    private static DataplaneException refused(String reason) {
        return new DataplaneException.Refused("write", "table " + NftText.TABLE, 0, reason, null);
    }

    private record NamedSet(SetType type, SortedMap<String, Element> elements) {
        NamedSet(NamedSet other) {
            this(other.type, new TreeMap<>(other.elements));
        }
    }

    private record Chain(Optional<Hook> hook, List<Rule> rules) {
        Chain(Chain other) {
            this(other.hook, new ArrayList<>(other.rules));
        }
    }

    private static final class Table {
        final SortedMap<String, NamedSet> sets = new TreeMap<>();
        final SortedMap<String, Chain> chains = new TreeMap<>();

        Table() {}

        Table(Table other) {
            other.sets.forEach((name, set) -> sets.put(name, new NamedSet(set)));
            other.chains.forEach((name, chain) -> chains.put(name, new Chain(chain)));
        }

        NamedSet set(String name) {
            NamedSet set = sets.get(name);
            if (set == null) {
                throw refused("no set " + name);
            }
            return set;
        }

        Chain chain(String name) {
            Chain chain = chains.get(name);
            if (chain == null) {
                throw refused("no chain " + name);
            }
            return chain;
        }

        TableListing listing() {
            SortedMap<String, Optional<Hook>> hooks = new TreeMap<>();
            chains.forEach((name, chain) -> hooks.put(name, chain.hook()));
            SortedMap<String, TableListing.NamedSet> contents = new TreeMap<>();
            sets.forEach((name, set) -> contents.put(
                    name,
                    new TableListing.NamedSet(
                            set.type(), Set.copyOf(set.elements().values()))));
            return new TableListing(hooks, contents);
        }

        String list() {
            StringBuilder text = new StringBuilder();
            sets.forEach((name, set) -> {
                text.append(set.type().isMap() ? "map " : "set ").append(name);
                text.append(" { type ").append(NftText.of(set.type())).append("; }\n");
                set.elements().values().stream()
                        .map(NftText::of)
                        .sorted()
                        .forEach(e -> text.append("    ").append(e).append('\n'));
            });
            chains.forEach((name, chain) -> {
                text.append("chain ").append(name);
                chain.hook()
                        .ifPresent(h -> text.append(" { ").append(NftText.of(h)).append(" }"));
                text.append('\n');
                chain.rules()
                        .forEach(r -> text.append("    ").append(NftText.of(r)).append('\n'));
            });
            return text.toString();
        }

        String listByMeaning() {
            Table meaning = new Table(this);
            NamedSet policyOf = meaning.sets.get(Layout.POLICY_OF);
            StringBuilder text = new StringBuilder();
            if (policyOf != null) {
                for (String dispatch : List.of(Layout.FROM_POLICY, Layout.TO_POLICY)) {
                    SortedMap<String, Element> byNumber = meaning.set(dispatch).elements();
                    policyOf.elements()
                            .forEach((name, element) -> text.append(name)
                                    .append(' ')
                                    .append(dispatch)
                                    .append(' ')
                                    .append(valueText(byNumber.get(valueText(element))))
                                    .append('\n'));
                    Set<String> targets = new HashSet<>();
                    byNumber.values().forEach(e -> targets.add(valueText(e)));
                    text.append(dispatch)
                            .append(' ')
                            .append(new TreeSet<>(targets))
                            .append('\n');
                    byNumber.clear();
                }
                policyOf.elements().clear();
            }
            return text + meaning.list();
        }

        private static String valueText(@Nullable Element element) {
            return element == null
                    ? "nothing"
                    : element.value()
                            .map(v -> NftText.of(new Element(List.of(v), Optional.empty())))
                            .orElse("");
        }
    }

    /** Carries out commands one by one, each checked against what is there at that moment, as the kernel does. */
    private static final class Application implements NftCommand.Visitor<Application> {
        private @Nullable Table table;

        Application(@Nullable Table table) {
            this.table = table;
        }

        private Table existing() {
            if (table == null) {
                throw refused("no table");
            }
            return table;
        }

        @Override
        public Application addTable() {
            if (table == null) {
                table = new Table();
            }
            return this;
        }

        @Override
        public Application deleteTable() {
            existing();
            table = null;
            return this;
        }

        @Override
        public Application addSet(String name, SetType type) {
            NamedSet known = existing().sets.get(name);
            if (known == null) {
                existing().sets.put(name, new NamedSet(type, new TreeMap<>()));
            } else if (!known.type().equals(type)) {
                throw refused("set " + name + " exists with another type");
            }
            return this;
        }

        @Override
        public Application deleteSet(String name) {
            existing().set(name);
            existing()
                    .chains
                    .forEach((chain, content) -> content.rules().forEach(rule -> {
                        if (References.of(rule).sets().contains(name)) {
                            throw refused("set " + name + " is used in chain " + chain);
                        }
                    }));
            existing().sets.remove(name);
            return this;
        }

        @Override
        public Application addElements(String set, List<Element> elements) {
            NamedSet known = existing().set(set);
            for (Element element : elements) {
                if (element.key().size() != known.type().key().size()
                        || element.value().isPresent() != known.type().isMap()) {
                    throw refused("element " + NftText.of(element) + " does not fit set " + set);
                }
                if (element.value().isPresent() && element.value().get() instanceof NftVerdict verdict) {
                    existing().chain(verdict.chain());
                }
                Element previous = known.elements().putIfAbsent(keyOf(element), element);
                if (previous != null && !previous.equals(element)) {
                    throw refused("element " + NftText.of(previous) + " of " + set + ": File exists");
                }
            }
            return this;
        }

        @Override
        public Application deleteElements(String set, List<Element> elements) {
            NamedSet known = existing().set(set);
            for (Element element : elements) {
                if (known.elements().remove(keyOf(element)) == null) {
                    throw refused("element " + NftText.of(element) + " is not in " + set);
                }
            }
            return this;
        }

        private static String keyOf(Element element) {
            return NftText.of(new Element(element.key(), Optional.empty()));
        }

        @Override
        public Application addChain(String name, Optional<Hook> hook) {
            Chain known = existing().chains.putIfAbsent(name, new Chain(hook, new ArrayList<>()));
            if (known != null && !known.hook().equals(hook)) {
                throw refused("chain " + name + " exists with another hook");
            }
            return this;
        }

        @Override
        public Application flushChain(String name) {
            existing().chain(name).rules().clear();
            return this;
        }

        @Override
        public Application deleteChain(String name) {
            if (!existing().chain(name).rules().isEmpty()) {
                throw refused("chain " + name + " has rules");
            }
            existing()
                    .chains
                    .forEach((from, content) -> content.rules().forEach(rule -> {
                        if (References.of(rule).chains().contains(name)) {
                            throw refused("chain " + from + " leads to chain " + name);
                        }
                    }));
            existing()
                    .sets
                    .forEach((set, content) -> content.elements().values().forEach(element -> {
                        if (element.value().isPresent()
                                && element.value().get() instanceof NftVerdict verdict
                                && verdict.chain().equals(name)) {
                            throw refused("element " + NftText.of(element) + " of " + set + " leads to chain " + name);
                        }
                    }));
            existing().chains.remove(name);
            return this;
        }

        @Override
        public Application addRule(String chain, Rule rule) {
            References references = References.of(rule);
            references.sets().forEach(existing()::set);
            references.chains().forEach(existing()::chain);
            existing().chain(chain).rules().add(rule);
            for (String next : references.chains()) {
                refuseCircle(chain, next);
            }
            return this;
        }

        private void refuseCircle(String start, String at) {
            if (at.equals(start)) {
                throw refused("chain " + start + " leads to itself");
            }
            for (Rule rule : existing().chain(at).rules()) {
                References.of(rule).chains().forEach(next -> refuseCircle(start, next));
            }
        }
    }

    /** What a rule names. */
    private record References(Set<String> sets, Set<String> chains) {
        static References of(Rule rule) {
            References references = new References(new HashSet<>(), new HashSet<>());
            rule.statements().forEach(s -> s.accept(new Collector(references)));
            return references;
        }
    }

    private record Collector(References references) implements Statement.Visitor<Collector> {
        @Override
        public Collector compare(Statement.Compare compare) {
            return this;
        }

        @Override
        public Collector inSet(Statement.InSet inSet) {
            references.sets().add(inSet.set());
            return this;
        }

        @Override
        public Collector verdictMap(Statement.VerdictMap map) {
            references.sets().add(map.map());
            return this;
        }

        @Override
        public Collector setMark(Statement.SetMark setMark) {
            return this;
        }

        @Override
        public Collector keepMarkBits(Statement.KeepMarkBits keep) {
            return this;
        }

        @Override
        public Collector markFromMap(Statement.MarkFromMap map) {
            references.sets().add(map.map());
            return this;
        }

        @Override
        public Collector count() {
            return this;
        }

        @Override
        public Collector masquerade() {
            return this;
        }

        @Override
        public Collector noTrack() {
            return this;
        }

        @Override
        public Collector verdict(NftVerdict verdict) {
            if (!verdict.chain().isEmpty()) {
                references.chains().add(verdict.chain());
            }
            return this;
        }
    }
}
