package io.calico.ctl;

import io.calico.ipam.CheckReport;
import io.calico.ipam.CheckReport.Allocation;
import io.calico.ipam.CheckReport.Kind;
import io.calico.ipam.CheckReport.Problem;
import io.calico.ipam.CheckReportJson;
import io.calico.ipam.IpamCheck;
import io.calico.ipam.IpamException;
import io.calico.ipam.IpamRepair;
import io.calico.ipam.IpamSettings;
import io.calico.ipam.ReleaseRequest;
import io.calico.ipam.ReportRelease;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The forms of {@code calicoctl ipam} that an operator needs now and then: checks, what they find, and settings. */
final class IpamMaintenance {
    private static final int TOP_HOSTS = 20;

    private IpamMaintenance() {}

    static ExitStatus check(Arguments arguments, Session session) {
        Console console = session.console();
        CheckReport report = new IpamCheck(session.store().datastore()).run();
        console.line("Checked " + report.allocations().size() + " addresses in "
                + report.blocks().size() + " blocks.");
        report.blocks()
                .forEach(block -> console.line("  block " + block.cidr() + " of "
                        + block.host().map(h -> "host " + h).orElse("nobody") + ": " + block.allocations()
                        + " assigned"));
        printHosts(report, console);
        if (arguments.hasOption("--show-all-ips")) {
            report.allocations().forEach(a -> console.line("  " + describe(a)));
        }
        printProblems(report, console, arguments.hasOption("--show-problem-ips"));
        arguments.option("--output").ifPresent(file -> write(Path.of(file), report));
        console.line("Check complete; found " + report.problemCount() + " problems.");
        if (arguments.hasOption("--repair")) {
            List<String> done = new IpamRepair(session.store().datastore()).run(report);
            done.forEach(text -> console.line("  " + text));
            console.line("Repaired " + done.size() + " records; no address was released.");
        }
        return ExitStatus.DONE;
    }

    private static void printHosts(CheckReport report, Console console) {
        report.allocationsByHost().entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(TOP_HOSTS)
                .forEach(e -> console.line("  " + (e.getKey().isEmpty() ? "no host" : "host " + e.getKey()) + ": "
                        + e.getValue() + " addresses"));
    }

    private static String describe(Allocation allocation) {
        String users = allocation.coolingDown()
                ? "cooling down"
                : allocation.users().isEmpty() ? "not used" : String.join(", ", allocation.users());
        return allocation.address() + " in block " + allocation.block() + ": " + users;
    }

    private static void printProblems(CheckReport report, Console console, boolean each) {
        Map<Kind, List<Problem>> byKind = report.problems().stream().collect(Collectors.groupingBy(Problem::kind));
        for (Kind kind : Kind.values()) {
            List<Problem> problems = byKind.getOrDefault(kind, List.of());
            if (problems.isEmpty()) {
                continue;
            }
            console.line(kind.name().toLowerCase(Locale.ROOT).replace('_', ' ') + ": " + problems.size());
            if (each || kind != Kind.LEAKED) {
                problems.forEach(p -> console.line("  " + p.text()));
            }
        }
    }

    private static void write(Path file, CheckReport report) {
        try {
            Files.writeString(file, CheckReportJson.write(report, Version.text()));
        } catch (IOException e) {
            throw CommandFailure.refused("Cannot write " + file + ": " + e.getMessage());
        }
    }

    static ExitStatus releaseFromReport(Arguments arguments, Session session) {
        List<CheckReport> reports = new ArrayList<>();
        for (String file : arguments.option("--from-report").orElse("").split(",", -1)) {
            try {
                reports.add(CheckReportJson.read(Files.readString(Path.of(file))));
            } catch (IOException | IllegalArgumentException e) {
                throw CommandFailure.refused("Cannot use report '" + file + "': " + e.getMessage());
            }
        }
        String cluster = session.store().config().findGlobal("ClusterGUID").orElse("");
        ReportRelease.Result result;
        try {
            result = new ReportRelease(session.store().datastore(), session.allocator()).release(reports, cluster);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.refused(String.valueOf(e.getMessage()));
        }
        Console console = session.console();
        result.addresses().forEach(a -> console.line("Released " + a));
        result.refused().forEach(a -> console.line("Left alone " + a + ": it is not what the report says any more"));
        result.handles().forEach(h -> console.line("Deleted handle " + h));
        console.line("Released " + result.addresses().size() + " addresses and "
                + result.handles().size() + " handles.");
        return ExitStatus.DONE;
    }

    static ExitStatus releaseAddress(Arguments arguments, Session session) {
        IpAddress address = IpamCommand.parse(arguments.option("--ip").orElse(""));
        boolean released = !session.allocator()
                .release(List.of(ReleaseRequest.of(address)))
                .released()
                .isEmpty();
        if (!released) {
            throw CommandFailure.refused("IP address " + address + " is not assigned");
        }
        session.console().line("Successfully released IP address " + address);
        return ExitStatus.DONE;
    }

    static ExitStatus showBorrowed(Arguments arguments, Session session) {
        Table table = new Table("IP", "BORROWING-NODE", "BLOCK", "BLOCK OWNER", "TYPE", "ALLOCATED-TO");
        CheckReport report = new IpamCheck(session.store().datastore()).run();
        for (Allocation allocation : report.allocations()) {
            if (allocation.borrowed()) {
                table.row(
                        allocation.address().toString(),
                        allocation.node().orElse(""),
                        allocation.block().toString(),
                        allocation.blockHost().orElse(""),
                        allocation.type().orElse(""),
                        String.join(", ", allocation.users()));
            }
        }
        session.console().table(table);
        long unknown = report.allocations().stream()
                .filter(a -> a.node().isEmpty() && !a.coolingDown())
                .count();
        if (unknown > 0) {
            session.console().line(unknown + " addresses do not say for which node they were assigned.");
        }
        return ExitStatus.DONE;
    }

    static ExitStatus showConfiguration(Arguments arguments, Session session) {
        print(session.allocator().settings(), session.console());
        return ExitStatus.DONE;
    }

    private static void print(IpamSettings settings, Console console) {
        Table table = new Table("PROPERTY", "VALUE");
        table.row("StrictAffinity", Boolean.toString(settings.strictAffinity()));
        table.row("AutoAllocateBlocks", Boolean.toString(settings.autoAllocateBlocks()));
        table.row("MaxBlocksPerHost", Integer.toString(settings.maxBlocksPerHost()));
        table.row("CooldownSeconds", Long.toString(settings.coolDown().toSeconds()));
        table.row(
                "Reservations",
                settings.reservations().stream().map(Cidr::toString).collect(Collectors.joining(" ")));
        console.table(table);
    }

    static ExitStatus configure(Arguments arguments, Session session) {
        IpamSettings settings;
        try {
            settings = session.allocator().configure(old -> changed(old, arguments));
        } catch (IpamException.ConfigConflict e) {
            throw CommandFailure.refused(String.valueOf(e.getMessage()));
        }
        print(settings, session.console());
        return ExitStatus.DONE;
    }

    private static IpamSettings changed(IpamSettings old, Arguments arguments) {
        IpamSettings settings = old;
        if (arguments.hasOption("--strictaffinity")) {
            settings = settings.withStrictAffinity(flag(arguments, "--strictaffinity"));
        }
        if (arguments.hasOption("--auto-allocate-blocks")) {
            settings = settings.withAutoAllocateBlocks(flag(arguments, "--auto-allocate-blocks"));
        }
        if (arguments.hasOption("--max-blocks-per-host")) {
            settings = settings.withMaxBlocksPerHost(number(arguments, "--max-blocks-per-host"));
        }
        if (arguments.hasOption("--cooldown")) {
            settings = settings.withCoolDown(Duration.ofSeconds(number(arguments, "--cooldown")));
        }
        if (arguments.hasOption("--reserve")) {
            String text = arguments.option("--reserve").orElse("");
            List<Cidr> ranges = text.isEmpty()
                    ? List.of()
                    : Arrays.stream(text.split(",", -1))
                            .map(part -> Cidr.tryParse(part)
                                    .orElseThrow(() -> CommandFailure.refused("Invalid CIDR specified " + part)))
                            .toList();
            settings = settings.withReservations(ranges);
        }
        return settings;
    }

    private static boolean flag(Arguments arguments, String option) {
        String text = arguments.option(option).orElse("");
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw CommandFailure.refused("Invalid value '" + text + "' of " + option + ": true or false.");
        };
    }

    private static int number(Arguments arguments, String option) {
        String text = arguments.option(option).orElse("");
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw CommandFailure.refused("Invalid value '" + text + "' of " + option + ": it must be a number.");
        }
    }
}
