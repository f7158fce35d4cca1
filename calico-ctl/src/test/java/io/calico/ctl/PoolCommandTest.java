package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.Keys;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.IpamException;
import io.calico.model.IpPool;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PoolCommandTest {
    private final Cli cli = new Cli();

    private static final String BOTH_EMPTY = """
            +-----------+---------+
            | IPv4 CIDR | Options |
            +-----------+---------+
            +-----------+---------+
            +-----------+---------+
            | IPv6 CIDR | Options |
            +-----------+---------+
            +-----------+---------+
            """;

    @Test
    void poolsComeAndGo() {
        cli.transcript("$ pool show\n" + BOTH_EMPTY + """
                $ pool add 10.0.1.0/24
                $ pool show
                +-------------+---------+
                |  IPv4 CIDR  | Options |
                +-------------+---------+
                | 10.0.1.0/24 |         |
                +-------------+---------+
                +-----------+---------+
                | IPv6 CIDR | Options |
                +-----------+---------+
                +-----------+---------+
                $ pool add fed0:8001::/64
                $ pool show
                +-------------+---------+
                |  IPv4 CIDR  | Options |
                +-------------+---------+
                | 10.0.1.0/24 |         |
                +-------------+---------+
                +----------------+---------+
                |   IPv6 CIDR    | Options |
                +----------------+---------+
                | fed0:8001::/64 |         |
                +----------------+---------+
                $ pool remove 10.0.1.0/24
                $ pool remove fed0:8001::/64
                $ pool show
                """ + BOTH_EMPTY);
    }

    @Test
    void optionsAreShownForBothFamiliesAndEachFamilyAlone() {
        cli.given(
                "pool add 10.77.0.0/18 --ipip --nat-outgoing",
                "pool add 192.168.0.0/16",
                "pool add fd80:24e2:f998:72d6::/64 --nat-outgoing");

        cli.transcript("""
                $ pool show
                +----------------+-------------------+
                |   IPv4 CIDR    |      Options      |
                +----------------+-------------------+
                |  10.77.0.0/18  | ipip,nat-outgoing |
                | 192.168.0.0/16 |                   |
                +----------------+-------------------+
                +--------------------------+--------------+
                |        IPv6 CIDR         |   Options    |
                +--------------------------+--------------+
                | fd80:24e2:f998:72d6::/64 | nat-outgoing |
                +--------------------------+--------------+
                $ pool show --ipv4
                +----------------+-------------------+
                |   IPv4 CIDR    |      Options      |
                +----------------+-------------------+
                |  10.77.0.0/18  | ipip,nat-outgoing |
                | 192.168.0.0/16 |                   |
                +----------------+-------------------+
                $ pool show --ipv6
                +--------------------------+--------------+
                |        IPv6 CIDR         |   Options    |
                +--------------------------+--------------+
                | fd80:24e2:f998:72d6::/64 | nat-outgoing |
                +--------------------------+--------------+
                """);
        assertThat(cli.run("pool show --ipv4 --ipv6").code()).isEqualTo(2);
    }

    @Test
    void poolsAreSortedAsText() {
        cli.given("pool add 10.70.0.5/32 10.70.0.16/30 --block-size=32");

        cli.transcript("""
                $ pool show --ipv4
                +---------------+---------------+
                |   IPv4 CIDR   |    Options    |
                +---------------+---------------+
                | 10.70.0.16/30 | block-size=32 |
                |  10.70.0.5/32 | block-size=32 |
                +---------------+---------------+
                """);
    }

    @Test
    void cidrsAreMaskedToTheirNetworkAndGoToTheirOwnFamily() {
        cli.given("pool add 10.1.2.3/16 fd01::5/48");

        assertThat(cli.store.pools().find(Cidr.parse("10.1.0.0/16"))).contains(IpPool.of(Cidr.parse("10.1.0.0/16")));
        assertThat(cli.store.pools().find(Cidr.parse("fd01::/48"))).contains(IpPool.of(Cidr.parse("fd01::/48")));
        cli.given("pool remove 10.1.9.9/16 fd01::/48");
        assertThat(cli.store.pools().list().values()).isEmpty();
    }

    @Test
    void recordsHoldTheOptionsOfTheDataModel() {
        cli.given(
                "pool add 10.1.0.0/16 --ipip --nat-outgoing",
                "pool add 10.2.0.0/16 --vxlan --block-size=28",
                "pool add 10.3.0.0/16 --vxlan=cross-subnet",
                "pool add 10.4.0.0/16 --vxlan=always");

        assertThat(cli.store.pools().list().values())
                .extracting(ModelJson::write)
                .containsExactly(
                        "{\"cidr\":\"10.1.0.0/16\",\"ipip\":\"tunl0\",\"masquerade\":true}",
                        "{\"cidr\":\"10.2.0.0/16\",\"vxlan\":\"always\",\"blockSize\":28}",
                        "{\"cidr\":\"10.3.0.0/16\",\"vxlan\":\"cross-subnet\"}",
                        "{\"cidr\":\"10.4.0.0/16\",\"vxlan\":\"always\"}");
        cli.transcript("""
                $ pool show --ipv4
                +-------------+---------------------+
                |  IPv4 CIDR  |       Options       |
                +-------------+---------------------+
                | 10.1.0.0/16 |  ipip,nat-outgoing  |
                | 10.2.0.0/16 | vxlan,block-size=28 |
                | 10.3.0.0/16 |  vxlan=cross-subnet |
                | 10.4.0.0/16 |        vxlan        |
                +-------------+---------------------+
                """);
    }

    @Test
    void firstIpipPoolTurnsTheGlobalSwitchOn() {
        cli.given("pool add 10.1.0.0/16");
        assertThat(cli.store.config().findGlobal("IpInIpEnabled")).isEmpty();

        cli.given("pool add 10.2.0.0/16 --ipip");

        assertThat(cli.store.config().findGlobal("IpInIpEnabled")).contains("true");
    }

    @Test
    void addingAPoolAgainReplacesItsOptionsButNotItsBlockSize() {
        cli.given("pool add 10.1.0.0/16 --ipip --nat-outgoing --block-size=28", "pool add 10.1.0.0/16 --vxlan");

        cli.transcript("""
                $ pool show --ipv4
                +-------------+---------------------+
                |  IPv4 CIDR  |       Options       |
                +-------------+---------------------+
                | 10.1.0.0/16 | vxlan,block-size=28 |
                +-------------+---------------------+
                $ pool add 10.1.0.0/16 --block-size=28
                $ pool add 10.1.0.0/16 --block-size=27
                Pool 10.1.0.0/16 has blocks of /28: remove it first to change their size.
                => 1
                """);
    }

    @Test
    void poolMadeForAForeignIpamIsShownLikeAnyOther() {
        cli.store.pools().put(IpPool.of(Cidr.parse("10.1.0.0/16")).withIpam(false));

        cli.transcript("""
                $ pool show --ipv4
                +-------------+---------+
                |  IPv4 CIDR  | Options |
                +-------------+---------+
                | 10.1.0.0/16 |         |
                +-------------+---------+
                """);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.a.0.1",
                "aa:bb::zz",
                "1.2.3.4/33",
                "4294967295",
                "10",
                "10.0.0.0/255.0.0.0",
                "10.0.0/8",
                "010.0.0.0/8",
                "fd00::/129",
                "10.0.0.0/",
                "/8"
            })
    void textsThatAreNoCidr(String text) {
        cli.transcript(
                "$ pool add 10.0.0.0/8 %1$s\nInvalid CIDR specified %1$s\n=> 1\n$ pool remove %1$s\nInvalid CIDR specified %1$s\n=> 1\n"
                        .formatted(text));
        assertThat(cli.store.pools().list().values()).isEmpty();
    }

    @Test
    void nothingIsStoredUnlessEveryCidrIsGood() {
        cli.given("pool add 10.9.0.0/16");

        cli.transcript("""
                $ pool add 10.1.0.0/16 fd01::/48 --ipip
                IP in IP not supported for IPv6 pools
                => 1
                $ pool add 10.1.0.0/16 10.2.0.0/27
                Invalid CIDR specified 10.2.0.0/27: an IPv4 pool must hold at least one block of /26, this one is a /27.
                => 1
                $ pool add 1.2.3.4
                Invalid CIDR specified 1.2.3.4/32: an IPv4 pool must hold at least one block of /26, this one is a /32.
                => 1
                $ pool add 10.1.0.0/16 aa:bb::ff
                Invalid CIDR specified aa:bb::ff/128: an IPv6 pool must hold at least one block of /122, this one is a /128.
                => 1
                $ pool add 10.1.0.0/16 10.0.0.0/8
                Pool 10.0.0.0/8 overlaps with pool 10.9.0.0/16.
                => 1
                $ pool add 10.1.0.0/16 10.1.128.0/24
                Pool 10.1.128.0/24 overlaps with pool 10.1.0.0/16.
                => 1
                $ pool add 10.1.0.0/16 --vxlan=sometimes
                Invalid VXLAN mode 'sometimes': it must be 'always' or 'cross-subnet'.
                => 1
                $ pool add 10.1.0.0/16 --block-size=19
                Invalid block size '19': blocks of IPv4 pools are /20 to /32.
                => 1
                $ pool add 10.1.0.0/16 fd01::/48 --block-size=26
                Invalid block size '26': blocks of IPv6 pools are /116 to /128.
                => 1
                $ pool add 10.1.0.0/16 --block-size=x
                Invalid block size 'x': blocks of IPv4 pools are /20 to /32.
                => 1
                $ pool show --ipv4
                +-------------+---------+
                |  IPv4 CIDR  | Options |
                +-------------+---------+
                | 10.9.0.0/16 |         |
                +-------------+---------+
                """);
    }

    @Test
    void removingAnUnknownPoolIsSaidAndTheNextOneIsRemovedAllTheSame() {
        cli.given("pool add 10.9.0.0/16");

        cli.transcript("""
                $ pool remove 10.8.1.1/16 10.9.0.0/16
                10.8.1.1/16 is not a configured pool.
                $ pool remove 10.9.0.0/16
                10.9.0.0/16 is not a configured pool.
                """);
    }

    @Test
    void fromARemovedPoolNothingIsAssignedAndWhatIsInUseStaysSoUntilItIsReleased() {
        cli.given("pool add 10.9.0.0/16");
        BlockAllocator host = new BlockAllocator(cli.datastore, "host-1");
        AssignRequest one = AssignRequest.builder().num4(1).build();
        IpAddress used = host.autoAssign(one).addresses().get(0);

        cli.transcript("$ pool remove 10.9.0.0/16\n");

        assertThatThrownBy(() -> host.autoAssign(one)).isInstanceOf(IpamException.PoolNotFound.class);
        assertThat(cli.datastore.listAll(Keys.IPAM + "host/").records())
                .as("blocks of hosts")
                .isEmpty();
        assertThat(host.info(used)).isPresent();

        cli.given("pool add 10.9.0.0/16");
        assertThat(host.autoAssign(one).addresses()).doesNotContain(used);
        cli.transcript("$ ipam release " + used + "\nAddress successfully released\n");
    }

    @Test
    void rangeBecomesTheFewestPoolsThatCoverIt() {
        cli.transcript("""
                $ pool range add 172.24.0.0 172.24.25.255 --nat-outgoing
                $ pool show --ipv4
                +----------------+--------------+
                |   IPv4 CIDR    |   Options    |
                +----------------+--------------+
                | 172.24.0.0/20  | nat-outgoing |
                | 172.24.16.0/21 | nat-outgoing |
                | 172.24.24.0/23 | nat-outgoing |
                +----------------+--------------+
                """);
    }

    @Test
    void badRangesAreRefusedAndNothingOfThemIsStored() {
        cli.given("pool add 10.9.0.0/16", "pool add fd09::/64");

        cli.transcript("""
                $ pool range add bad 10.0.0.1
                Invalid START_IP specified.
                => 1
                $ pool range add 10.0.0.0/24 10.0.1.0
                Invalid START_IP specified.
                => 1
                $ pool range add 10.0.0.1 bad
                Invalid END_IP specified.
                => 1
                $ pool range add 10.0.0.1 fd00::1
                START_IP and END_IP must be the same ip version
                => 1
                $ pool range add 10.0.0.2 10.0.0.1
                START_IP must be a smaller ip address than END_IP
                => 1
                $ pool range add 10.0.0.1 10.0.0.1
                START_IP must be a smaller ip address than END_IP
                => 1
                $ pool range add fd01:: fd01::ffff --ipip
                IP in IP not supported for IPv6 pools
                => 1
                $ pool range add 10.0.0.0 10.9.0.0
                Cannot add range - range conflicts with pool 10.9.0.0/16
                => 1
                $ pool range add 10.9.1.0 10.9.2.0
                Cannot add range - range conflicts with pool 10.9.0.0/16
                => 1
                $ pool range add 10.0.0.0 10.255.255.255
                Cannot add range - range conflicts with pool 10.9.0.0/16
                => 1
                $ pool range add 10.30.0.0 10.30.1.10
                Invalid CIDR specified 10.30.1.0/29: an IPv4 pool must hold at least one block of /26, this one is a /29.
                => 1
                $ pool show
                +-------------+---------+
                |  IPv4 CIDR  | Options |
                +-------------+---------+
                | 10.9.0.0/16 |         |
                +-------------+---------+
                +-----------+---------+
                | IPv6 CIDR | Options |
                +-----------+---------+
                | fd09::/64 |         |
                +-----------+---------+
                """);
    }

    @Test
    void damagedPoolIsReportedAndHidesNoOther() {
        cli.given("pool add 10.9.0.0/16");
        cli.datastore.commit(io.calico.datastore.spi.Transaction.builder()
                .put("/calico/v1/ipam/v4/pool/10.8.0.0-16", "not json")
                .build());

        Cli.Result result = cli.run("pool show --ipv4");

        assertThat(result.out()).isEqualTo("""
                        +-------------+---------+
                        |  IPv4 CIDR  | Options |
                        +-------------+---------+
                        | 10.9.0.0/16 |         |
                        +-------------+---------+
                        """);
        assertThat(result.err()).startsWith("Warning: damaged record at /calico/v1/ipam/v4/pool/10.8.0.0-16: ");
        assertThat(result.code()).isZero();
    }
}
