package io.calico.ctl;

import io.calico.datastore.PoolPut;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code calicoctl pool}: the pools from which addresses are assigned. */
final class PoolCommand implements CommandGroup {
    private static final String IPIP = "--ipip";
    private static final String VXLAN = "--vxlan";
    private static final String NAT_OUTGOING = "--nat-outgoing";
    private static final String BLOCK_SIZE = "--block-size";
    private static final String OPTIONS = " [--ipip|--vxlan[=MODE]] [--nat-outgoing] [--block-size=LENGTH]";

    @Override
    public String name() {
        return "pool";
    }

    @Override
    public String summary() {
        return "Show and change the pools of addresses.";
    }

    @Override
    public List<Form> forms() {
        return List.of(
                Form.of("add CIDR..." + OPTIONS, PoolCommand::add),
                Form.of("remove CIDR...", PoolCommand::remove),
                Form.of("range add START_IP END_IP" + OPTIONS, PoolCommand::addRange),
                Form.of("show [--ipv4|--ipv6]", PoolCommand::show));
    }

    @Override
    public Map<String, String> optionDescriptions() {
        return Map.of(
                IPIP,
                "Encapsulate traffic between hosts in IP-in-IP (IPv4 only).",
                VXLAN,
                "Encapsulate traffic between hosts in VXLAN: always (the default) or cross-subnet.",
                NAT_OUTGOING,
                "Traffic that leaves all pools gets the host's address.",
                BLOCK_SIZE,
                "Prefix length of the blocks that hosts take (26 for IPv4, 122 for IPv6).",
                "--ipv4",
                "Show IPv4 pools only.",
                "--ipv6",
                "Show IPv6 pools only.");
    }

    @Override
    public List<String> notes() {
        return List.of(
                "Adding a pool again replaces its options; pools may not overlap. From a removed pool",
                "nothing is assigned any more; addresses that are in use stay so until they are released.");
    }

    private static ExitStatus add(Arguments arguments, Session session) {
        List<Cidr> cidrs = new ArrayList<>();
        for (String text : arguments.values("CIDR")) {
            cidrs.add(parse(text));
        }
        return store(cidrs, arguments, session);
    }

    private static Cidr parse(String text) {
        return Cidr.tryParse(text).orElseThrow(() -> CommandFailure.refused("Invalid CIDR specified " + text));
    }

    private static ExitStatus addRange(Arguments arguments, Session session) {
        IpAddress start = address(arguments.value("START_IP"), "Invalid START_IP specified.");
        IpAddress end = address(arguments.value("END_IP"), "Invalid END_IP specified.");
        if (start.version() != end.version()) {
            throw CommandFailure.refused("START_IP and END_IP must be the same ip version");
        }
        if (start.compareTo(end) >= 0) {
            throw CommandFailure.refused("START_IP must be a smaller ip address than END_IP");
        }
        List<Cidr> range = Cidr.covering(start, end);
        refuseIpip(range, arguments);
        for (IpPool pool : session.store().pools().list().values()) {
            for (Cidr part : range) {
                if (pool.cidr().overlaps(part)) {
                    throw CommandFailure.refused("Cannot add range - range conflicts with pool " + pool.cidr());
                }
            }
        }
        return store(range, arguments, session);
    }

    private static IpAddress address(String text, String message) {
        return IpAddress.tryParse(text).orElseThrow(() -> CommandFailure.refused(message));
    }

    /** Checks every pool before it stores any. */
    private static ExitStatus store(List<Cidr> cidrs, Arguments arguments, Session session) {
        refuseIpip(cidrs, arguments);
        List<IpPool> existing = session.readable(session.store().pools().list());
        List<IpPool> pools = new ArrayList<>();
        for (Cidr cidr : cidrs) {
            IpPool pool = withOptions(find(existing, cidr), cidr, arguments);
            refuseOverlap(pool, existing);
            refuseOverlap(pool, pools);
            pools.add(pool);
        }
        for (IpPool pool : pools) {
            if (session.store().pools().put(pool) instanceof PoolPut.Overlaps overlaps) {
                throw overlap(pool.cidr(), overlaps.other());
            }
        }
        if (arguments.hasOption(IPIP)) {
            session.store().config().setGlobal("IpInIpEnabled", "true");
        }
        return ExitStatus.DONE;
    }

    private static void refuseIpip(List<Cidr> cidrs, Arguments arguments) {
        for (Cidr cidr : cidrs) {
            if (arguments.hasOption(IPIP) && cidr.version() == IpVersion.V6) {
                throw CommandFailure.refused("IP in IP not supported for IPv6 pools");
            }
        }
    }

    private static Optional<IpPool> find(List<IpPool> pools, Cidr cidr) {
        for (IpPool pool : pools) {
            if (pool.cidr().equals(cidr)) {
                return Optional.of(pool);
            }
        }
        return Optional.empty();
    }

    private static void refuseOverlap(IpPool pool, List<IpPool> others) {
        for (IpPool other : others) {
            if (!other.cidr().equals(pool.cidr()) && other.cidr().overlaps(pool.cidr())) {
                throw overlap(pool.cidr(), other.cidr());
            }
        }
    }

    private static CommandFailure overlap(Cidr pool, Cidr other) {
        return CommandFailure.refused("Pool " + pool + " overlaps with pool " + other + ".");
    }

    private static IpPool withOptions(Optional<IpPool> existing, Cidr cidr, Arguments arguments) {
        Optional<Integer> blockSize = arguments.option(BLOCK_SIZE).map(text -> blockSize(text, cidr.version()));
        if (existing.isPresent()
                && blockSize.isPresent()
                && blockSize.get() != existing.get().blockPrefixLength()) {
            throw CommandFailure.refused("Pool " + cidr + " has blocks of /"
                    + existing.get().blockPrefixLength() + ": remove it first to change their size.");
        }
        IpPool pool = existing.orElseGet(() -> IpPool.of(cidr))
                .withIpip(arguments.hasOption(IPIP) ? Optional.of("tunl0") : Optional.empty())
                .withVxlan(arguments.option(VXLAN).map(PoolCommand::vxlanMode))
                .withNatOutgoing(arguments.hasOption(NAT_OUTGOING))
                .withIpam(true)
                .withDisabled(false);
        pool = blockSize.isPresent() && existing.isEmpty() ? pool.withBlockSize(blockSize) : pool;
        if (cidr.prefixLength() > pool.blockPrefixLength()) {
            throw CommandFailure.refused("Invalid CIDR specified " + cidr + ": an IPv"
                    + cidr.version().number() + " pool must hold at least one block of /" + pool.blockPrefixLength()
                    + ", this one is a /" + cidr.prefixLength() + ".");
        }
        return pool;
    }

    private static String vxlanMode(String text) {
        return switch (text) {
            case "", "always" -> "always";
            case "cross-subnet" -> text;
            default ->
                throw CommandFailure.refused(
                        "Invalid VXLAN mode '" + text + "': it must be 'always' or 'cross-subnet'.");
        };
    }

    private static int blockSize(String text, IpVersion version) {
        int highest = version.bits();
        int lowest = highest - 12;
        int length = text.matches("[0-9]{1,3}") ? Integer.parseInt(text) : -1;
        if (length < lowest || length > highest) {
            throw CommandFailure.refused("Invalid block size '" + text + "': blocks of IPv" + version.number()
                    + " pools are /" + lowest + " to /" + highest + ".");
        }
        return length;
    }

    private static ExitStatus remove(Arguments arguments, Session session) {
        List<Cidr> cidrs = new ArrayList<>();
        for (String text : arguments.values("CIDR")) {
            cidrs.add(parse(text));
        }
        for (int i = 0; i < cidrs.size(); i++) {
            if (!session.allocator().removePool(cidrs.get(i))) {
                session.console().line(arguments.values("CIDR").get(i) + " is not a configured pool.");
            }
        }
        return ExitStatus.DONE;
    }

    private static ExitStatus show(Arguments arguments, Session session) {
        List<IpPool> pools = session.readable(session.store().pools().list());
        for (IpVersion version : IpVersion.values()) {
            if (!arguments.hasOption(version == IpVersion.V4 ? "--ipv6" : "--ipv4")) {
                session.console().table(table(version, pools));
            }
        }
        return ExitStatus.DONE;
    }

    private static Table table(IpVersion version, List<IpPool> pools) {
        Table table = new Table("IPv" + version.number() + " CIDR", "Options");
        for (IpPool pool : pools) {
            if (pool.cidr().version() == version) {
                table.row(pool.cidr().toString(), options(pool));
            }
        }
        return table.sorted();
    }

    private static String options(IpPool pool) {
        List<String> options = new ArrayList<>();
        if (pool.ipip().isPresent()) {
            options.add("ipip");
        }
        if (pool.vxlan().isPresent()) {
            options.add(
                    pool.vxlan().get().equals("always")
                            ? "vxlan"
                            : "vxlan=" + pool.vxlan().get());
        }
        if (pool.natOutgoing()) {
            options.add("nat-outgoing");
        }
        if (pool.blockSize().isPresent()) {
            options.add("block-size=" + pool.blockSize().get());
        }
        if (pool.disabled()) {
            options.add("disabled");
        }
        return String.join(",", options);
    }
}
