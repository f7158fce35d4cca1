package io.calico.ctl;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.ipam.AddressInfo;
import io.calico.ipam.Owner;
import io.calico.ipam.PoolUtilisation;
import io.calico.ipam.ReleaseRequest;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** {@code calicoctl ipam}: which addresses are assigned. */
final class IpamCommand implements CommandGroup {
    private static final String INVALID_ADDRESS = "Invalid IP address specified.";
    private static final String ORPHANED = "orphaned allocation blocks";

    /** Counts are shown with five significant digits. */
    private static final MathContext FIVE_DIGITS = new MathContext(5);

    @Override
    public String name() {
        return "ipam";
    }

    @Override
    public String summary() {
        return "Show which addresses are in use, and release them.";
    }

    @Override
    public List<Form> forms() {
        return List.of(
                Form.of("release IP", IpamCommand::release),
                Form.of("release --ip=IP", IpamMaintenance::releaseAddress),
                Form.of("release --from-report=FILES", IpamMaintenance::releaseFromReport),
                Form.of("info IP", IpamCommand::info),
                Form.of("show [--show-blocks]", IpamCommand::show),
                Form.of("show --ip=IP", IpamCommand::showAddress),
                Form.of("show --show-borrowed", IpamMaintenance::showBorrowed),
                Form.of("show --show-configuration", IpamMaintenance::showConfiguration),
                Form.of(
                        "check [--show-all-ips] [--show-problem-ips] [--output=FILE] [--repair]",
                        IpamMaintenance::check),
                Form.of(
                        "configure [--strictaffinity=BOOL] [--auto-allocate-blocks=BOOL] [--max-blocks-per-host=N]"
                                + " [--cooldown=SECONDS] [--reserve=CIDRS]",
                        IpamMaintenance::configure));
    }

    @Override
    public Map<String, String> optionDescriptions() {
        return Map.ofEntries(
                Map.entry("--show-blocks", "Show the blocks of each pool, too."),
                Map.entry("--ip", "The address."),
                Map.entry(
                        "--from-report",
                        "Release what these reports of 'check', separated by commas, agree is unused."),
                Map.entry("--show-borrowed", "Show addresses that a host took from another host's block."),
                Map.entry("--show-configuration", "Show the settings."),
                Map.entry("--show-all-ips", "Show every address that is assigned."),
                Map.entry("--show-problem-ips", "Show every address that is assigned and not used."),
                Map.entry("--output", "Write the report to this file."),
                Map.entry("--repair", "Put rows and handles right by the blocks; releases nothing."),
                Map.entry("--strictaffinity", "Hosts may not borrow from others' blocks: true or false."),
                Map.entry("--auto-allocate-blocks", "Hosts claim blocks when they need them: true or false."),
                Map.entry("--max-blocks-per-host", "Most blocks that a host may own; 0: no limit."),
                Map.entry("--cooldown", "How long a released address stays unused."),
                Map.entry("--reserve", "What is never handed out automatically, separated by commas; empty: nothing."));
    }

    @Override
    public List<String> notes() {
        return List.of(
                "Releasing an address that a container uses lets it be given to another one, too:",
                "release only what nobody uses.");
    }

    static IpAddress parse(String text) {
        return IpAddress.tryParse(text).orElseThrow(() -> CommandFailure.refused(INVALID_ADDRESS));
    }

    private static ExitStatus release(Arguments arguments, Session session) {
        IpAddress address = parse(arguments.value("IP"));
        boolean released = !session.allocator()
                .release(List.of(ReleaseRequest.of(address)))
                .released()
                .isEmpty();
        session.console().line(released ? "Address successfully released" : "Failed to release address");
        return ExitStatus.DONE;
    }

    private static ExitStatus info(Arguments arguments, Session session) {
        IpAddress address = parse(arguments.value("IP"));
        Optional<AddressInfo> info = session.allocator().info(address);
        if (info.isEmpty()) {
            session.console().line("IP " + address + " is not currently assigned");
            return ExitStatus.DONE;
        }
        Map<String, String> attributes = info.get().attributes().orElse(Map.of());
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        new TreeMap<>(attributes).forEach(json::put);
        session.console().line(json.isEmpty() ? "No attributes defined for " + address : ModelJson.write(json));
        return ExitStatus.DONE;
    }

    private static ExitStatus showAddress(Arguments arguments, Session session) {
        Console console = session.console();
        IpAddress address = parse(arguments.option("--ip").orElse(""));
        Optional<AddressInfo> info = session.allocator().info(address);
        if (info.isEmpty()) {
            console.line(address + " is not assigned");
            return ExitStatus.DONE;
        }
        console.line("IP " + address + " is in use");
        console.line(
                "Handle ID: " + info.get().handle().filter(h -> !h.isEmpty()).orElse("<none>"));
        Map<String, String> attributes = ownerAttributes(info.get());
        console.line(attributes.isEmpty() ? "No Active Owner attributes defined" : "Active Owner Attributes:");
        attributes.forEach((name, value) -> console.line("  " + name + ": " + value));
        return ExitStatus.DONE;
    }

    /** Whom the address is for, and what else its owner noted, by name. */
    private static Map<String, String> ownerAttributes(AddressInfo info) {
        Map<String, String> attributes = new TreeMap<>(info.attributes().orElse(Map.of()));
        if (info.owner().isPresent()) {
            Owner owner = info.owner().get();
            attributes.put("node", owner.node());
            attributes.put("kind", owner.kind());
            owner.id().ifPresent(id -> attributes.put("id", id));
        }
        return attributes;
    }

    private static ExitStatus show(Arguments arguments, Session session) {
        Table table = new Table("GROUPING", "CIDR", "IPS TOTAL", "IPS IN USE", "IPS FREE");
        for (PoolUtilisation pool : session.allocator().utilisation()) {
            boolean orphaned = pool.pool().isEmpty();
            if (orphaned && pool.blocks().isEmpty()) {
                continue;
            }
            BigInteger capacity = pool.pool().map(IpamCommand::size).orElse(BigInteger.valueOf(pool.capacity()));
            String cidr = pool.pool().map(Cidr::toString).orElse(ORPHANED);
            Usage usage = new Usage(capacity, pool.inUse(), pool.reserved(), pool.available());
            table.row(usage.row("IP Pool", cidr));
            if (arguments.hasOption("--show-blocks") || orphaned) {
                for (PoolUtilisation.Block block : pool.blocks()) {
                    Usage ofBlock = new Usage(size(block.cidr()), block.inUse(), block.reserved(), block.available());
                    table.row(ofBlock.row("Block", block.cidr().toString()));
                }
            }
        }
        session.console().table(table);
        return ExitStatus.DONE;
    }

    /** How full a pool or block is. */
    private record Usage(BigInteger capacity, long inUse, long reserved, long available) {
        String[] row(String grouping, String cidr) {
            return new String[] {
                grouping, cidr, count(capacity), share(BigInteger.valueOf(inUse), capacity), share(free(), capacity)
            };
        }

        /** The allocator's counts stop at the highest long, which a large IPv6 pool exceeds. */
        private BigInteger free() {
            return capacity.bitLength() >= Long.SIZE
                    ? capacity.subtract(BigInteger.valueOf(inUse)).subtract(BigInteger.valueOf(reserved))
                    : BigInteger.valueOf(available);
        }
    }

    private static BigInteger size(Cidr cidr) {
        return BigInteger.ONE.shiftLeft(cidr.version().bits() - cidr.prefixLength());
    }

    private static String share(BigInteger part, BigInteger whole) {
        long percent = whole.signum() == 0 ? 0 : Math.round(100 * part.doubleValue() / whole.doubleValue());
        return count(part) + " (" + percent + "%)";
    }

    /** At most five significant digits: {@code 65536}, {@code 1.8447e+19}. */
    static String count(BigInteger addresses) {
        BigDecimal rounded = new BigDecimal(addresses).round(FIVE_DIGITS).stripTrailingZeros();
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent < FIVE_DIGITS.getPrecision()) {
            return rounded.toPlainString();
        }
        return rounded.scaleByPowerOfTen(-exponent).toPlainString() + "e+" + (exponent < 10 ? "0" : "") + exponent;
    }
}
