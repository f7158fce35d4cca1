package io.calico.dataplane.linux.nft;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.model.net.PortRange;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Writes values of this package in the words of nft(8), as nft 1.0.6 and later read them. Stateless. */
final class NftText implements NftCommand.Visitor<String>, Statement.Visitor<String>, Datum.Visitor<String> {
    /** Family and name of the one table. */
    static final String TABLE = "inet calico";

    private static final NftText INSTANCE = new NftText();

    private NftText() {}

    static String of(NftTransaction transaction) {
        StringBuilder text = new StringBuilder();
        for (NftCommand command : transaction.commands()) {
            text.append(command.accept(INSTANCE)).append('\n');
        }
        return text.toString();
    }

    static String of(Rule rule) {
        String statements =
                rule.statements().stream().map(s -> s.accept(INSTANCE)).collect(Collectors.joining(" "));
        return rule.comment().isEmpty() ? statements : statements + " comment \"" + rule.comment() + "\"";
    }

    static String of(Element element) {
        String key = element.key().stream().map(d -> d.accept(INSTANCE)).collect(Collectors.joining(" . "));
        return element.value().map(v -> key + " : " + v.accept(INSTANCE)).orElse(key);
    }

    static String of(SetType type) {
        String key = type.key().stream().map(SetType.Part::text).collect(Collectors.joining(" . "));
        return type.value().map(v -> key + " : " + v.text()).orElse(key);
    }

    static String of(Hook hook) {
        return "type " + hook.type() + " hook " + hook.point().text() + " priority " + hook.priority()
                + "; policy accept;";
    }

    @Override
    public String addTable() {
        return "add table " + TABLE;
    }

    @Override
    public String deleteTable() {
        return "delete table " + TABLE;
    }

    @Override
    public String addSet(String name, SetType type) {
        return "add " + (type.isMap() ? "map " : "set ") + TABLE + " " + name + " { type " + of(type) + "; }";
    }

    @Override
    public String deleteSet(String name) {
        // nft takes 'set' for maps too, as the kernel knows no difference.
        return "delete set " + TABLE + " " + name;
    }

    @Override
    public String addElements(String set, List<Element> elements) {
        return "add element " + TABLE + " " + set + " " + braced(elements);
    }

    @Override
    public String deleteElements(String set, List<Element> elements) {
        return "delete element " + TABLE + " " + set + " " + braced(elements);
    }

    private static String braced(List<Element> elements) {
        return elements.stream().map(NftText::of).collect(Collectors.joining(", ", "{ ", " }"));
    }

    @Override
    public String addChain(String name, Optional<Hook> hook) {
        return "add chain " + TABLE + " " + name
                + hook.map(h -> " { " + of(h) + " }").orElse("");
    }

    @Override
    public String flushChain(String name) {
        return "flush chain " + TABLE + " " + name;
    }

    @Override
    public String deleteChain(String name) {
        return "delete chain " + TABLE + " " + name;
    }

    @Override
    public String addRule(String chain, Rule rule) {
        return "add rule " + TABLE + " " + chain + " " + of(rule);
    }

    @Override
    public String compare(Statement.Compare compare) {
        String values = compare.values().stream().map(v -> v.accept(this)).collect(Collectors.joining(", "));
        return compare.field().text()
                + (compare.negated() ? " != " : " ")
                + (compare.values().size() == 1 ? values : "{ " + values + " }");
    }

    @Override
    public String inSet(Statement.InSet inSet) {
        String fields = inSet.fields().stream().map(Field::text).collect(Collectors.joining(" . "));
        return fields + (inSet.negated() ? " != @" : " @") + inSet.set();
    }

    @Override
    public String verdictMap(Statement.VerdictMap map) {
        return map.field().text() + " vmap @" + map.map();
    }

    @Override
    public String setMark(Statement.SetMark setMark) {
        return "meta mark set " + hex(setMark.mark().value());
    }

    @Override
    public String keepMarkBits(Statement.KeepMarkBits keep) {
        return "meta mark set meta mark & " + hex(keep.mask().value());
    }

    private static String hex(long mark) {
        return String.format("0x%08x", mark);
    }

    @Override
    public String markFromMap(Statement.MarkFromMap map) {
        return "meta mark set " + map.field().text() + " map @" + map.map();
    }

    @Override
    public String count() {
        return "counter";
    }

    @Override
    public String masquerade() {
        return "masquerade";
    }

    @Override
    public String noTrack() {
        return "notrack";
    }

    @Override
    public String verdict(NftVerdict verdict) {
        return verdict.chain().isEmpty()
                ? verdict.kind().text()
                : verdict.kind().text() + " " + verdict.chain();
    }

    @Override
    public String name(Datum.Name name) {
        return '"' + name.text() + (name.prefix() ? "*\"" : "\"");
    }

    @Override
    public String address(IpAddress address) {
        return address.toString();
    }

    @Override
    public String network(Cidr network) {
        return network.isSingleAddress() ? network.first().toString() : network.toString();
    }

    @Override
    public String mac(MacAddress mac) {
        return mac.toString();
    }

    @Override
    public String number(long value) {
        return Long.toString(value);
    }

    @Override
    public String ports(PortRange range) {
        return range.isSingle() ? Integer.toString(range.first()) : range.first() + "-" + range.last();
    }

    @Override
    public String word(Datum.Word word) {
        return word.text();
    }
}
