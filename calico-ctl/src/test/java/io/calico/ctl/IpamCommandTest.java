package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.Owner;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IpamCommandTest {
    private final Cli cli = new Cli();

    private void assign(int count, Map<String, String> attributes) {
        new BlockAllocator(cli.datastore.newClient(), "rack7-n3")
                .autoAssign(AssignRequest.builder()
                        .num4(count)
                        .handle("web")
                        .attributes(attributes)
                        .owner(Owner.network("rack7-n3", "n1"))
                        .build());
    }

    @Test
    void poolsAreShownWithWhatIsInUse() {
        cli.given("pool add 192.168.0.0/16", "pool add fd80:24e2:f998:72d6::/64", "pool add 10.0.0.0/26");
        assign(3, Map.of());

        cli.transcript("""
                $ ipam show
                +----------+--------------------------+------------+------------+-------------------+
                | GROUPING |           CIDR           | IPS TOTAL  | IPS IN USE |      IPS FREE     |
                +----------+--------------------------+------------+------------+-------------------+
                | IP Pool  |       10.0.0.0/26        |     64     |   3 (5%)   |      61 (95%)     |
                | IP Pool  |      192.168.0.0/16      |   65536    |   0 (0%)   |    65536 (100%)   |
                | IP Pool  | fd80:24e2:f998:72d6::/64 | 1.8447e+19 |   0 (0%)   | 1.8447e+19 (100%) |
                +----------+--------------------------+------------+------------+-------------------+
                $ ipam show --show-blocks
                +----------+--------------------------+------------+------------+-------------------+
                | GROUPING |           CIDR           | IPS TOTAL  | IPS IN USE |      IPS FREE     |
                +----------+--------------------------+------------+------------+-------------------+
                | IP Pool  |       10.0.0.0/26        |     64     |   3 (5%)   |      61 (95%)     |
                |  Block   |       10.0.0.0/26        |     64     |   3 (5%)   |      61 (95%)     |
                | IP Pool  |      192.168.0.0/16      |   65536    |   0 (0%)   |    65536 (100%)   |
                | IP Pool  | fd80:24e2:f998:72d6::/64 | 1.8447e+19 |   0 (0%)   | 1.8447e+19 (100%) |
                +----------+--------------------------+------------+------------+-------------------+
                """);
    }

    @Test
    void blocksOfARemovedPoolAreShownAsOrphaned() {
        cli.given("pool add 10.0.0.0/24");
        assign(1, Map.of());
        cli.given("pool remove 10.0.0.0/24");

        cli.transcript("""
                $ ipam show
                +----------+----------------------------+-----------+------------+----------+
                | GROUPING |            CIDR            | IPS TOTAL | IPS IN USE | IPS FREE |
                +----------+----------------------------+-----------+------------+----------+
                | IP Pool  | orphaned allocation blocks |     64    |   1 (2%)   | 63 (98%) |
                |  Block   |        10.0.0.0/26         |     64    |   1 (2%)   | 63 (98%) |
                +----------+----------------------------+-----------+------------+----------+
                """);
    }

    @Test
    void infoPrintsTheAttributesAsOneLineOfJson() {
        cli.given("pool add 10.0.0.0/24");
        assign(1, Map.of("note", "x", "by", "hand"));
        assign(1, Map.of());

        cli.transcript("""
                $ ipam info 10.0.0.0
                {"by":"hand","note":"x"}
                $ ipam info 10.0.0.1
                No attributes defined for 10.0.0.1
                $ ipam info 10.0.0.2
                IP 10.0.0.2 is not currently assigned
                $ ipam info 10.9.9.9
                IP 10.9.9.9 is not currently assigned
                """);
    }

    @Test
    void oneAddressIsShownWithItsOwner() {
        cli.given("pool add 10.0.0.0/24");
        assign(1, Map.of("note", "x"));

        cli.transcript("""
                $ ipam show --ip=10.0.0.0
                IP 10.0.0.0 is in use
                Handle ID: web
                Active Owner Attributes:
                  id: n1
                  kind: network
                  node: rack7-n3
                  note: x
                $ ipam show --ip=10.0.0.1
                10.0.0.1 is not assigned
                """);
    }

    @Test
    void releasedAddressIsFree() {
        cli.given("pool add 10.0.0.0/24");
        assign(1, Map.of());

        cli.transcript("""
                $ ipam release 10.0.0.0
                Address successfully released
                $ ipam release 10.0.0.0
                Failed to release address
                $ ipam release 10.9.9.9
                Failed to release address
                $ ipam info 10.0.0.0
                IP 10.0.0.0 is not currently assigned
                """);
    }

    @Test
    void settingsAreChangedAndShown() {
        cli.transcript("""
                $ ipam configure --strictaffinity=true --max-blocks-per-host=4 --reserve=10.0.0.0/30,10.0.1.0/24
                +--------------------+-------------------------+
                |      PROPERTY      |          VALUE          |
                +--------------------+-------------------------+
                |   StrictAffinity   |           true          |
                | AutoAllocateBlocks |           true          |
                |  MaxBlocksPerHost  |            4            |
                |  CooldownSeconds   |            0            |
                |    Reservations    | 10.0.0.0/30 10.0.1.0/24 |
                +--------------------+-------------------------+
                $ ipam configure --strictaffinity=false
                MaxBlocksPerHost requires StrictAffinity to be enabled
                => 1
                """);
    }

    @Test
    void whatNothingUsesIsFoundAndReleasedFromTheReport(@TempDir Path directory) {
        cli.given("pool add 10.0.0.0/24");
        assign(2, Map.of());
        Path report = directory.resolve("report.json");

        assertThat(cli.run("ipam check --show-problem-ips --output=" + report).out())
                .contains(
                        "Checked 2 addresses in 1 blocks.",
                        "leaked: 2\n",
                        "10.0.0.1 is assigned (handle web, node rack7-n3) and nothing uses it",
                        "Check complete; found 2 problems.");
        cli.transcript("""
                $ ipam release --from-report=%s
                Released 10.0.0.0
                Released 10.0.0.1
                Released 2 addresses and 0 handles.
                $ ipam release --ip=10.0.0.0
                IP address 10.0.0.0 is not assigned
                => 1
                """.formatted(report));
        assertThat(cli.run("ipam check").out()).endsWith("Check complete; found 0 problems.\n");
    }

    @Test
    void onlyAddressesAreTaken() {
        for (String form :
                new String[] {"ipam release x", "ipam info 10.0.0.0/32", "ipam show --ip=1.2.3", "ipam show --ip="}) {
            assertThat(cli.run(form).transcript()).as(form).isEqualTo("Invalid IP address specified.\n=> 1\n");
        }
    }

    private static String count(long addresses) {
        return IpamCommand.count(BigInteger.valueOf(addresses));
    }

    @Test
    void countsHaveFiveSignificantDigits() {
        assertThat(count(0)).isEqualTo("0");
        assertThat(count(64)).isEqualTo("64");
        assertThat(count(65536)).isEqualTo("65536");
        assertThat(count(99999)).isEqualTo("99999");
        assertThat(count(100000)).isEqualTo("1e+05");
        assertThat(count(131072)).isEqualTo("1.3107e+05");
        assertThat(count(16777216)).isEqualTo("1.6777e+07");
        assertThat(count(Long.MAX_VALUE)).isEqualTo("9.2234e+18");
    }
}
