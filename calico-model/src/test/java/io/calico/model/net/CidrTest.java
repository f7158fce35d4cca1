package io.calico.model.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.calico.model.testing.ModelArbitraries;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
    @Provide
    Arbitrary<Cidr> cidrs() {
        return ModelArbitraries.cidrs();
    }

    @Provide
    Arbitrary<IpNet> ipNets() {
        return ModelArbitraries.ipNets();
    }

    @Provide
    Arbitrary<IpAddress> addresses() {
        return ModelArbitraries.addresses();
    }

    /** Two addresses of one version, ascending; half of the time close to each other. */
    @Provide
    Arbitrary<List<IpAddress>> ranges() {
        Arbitrary<List<IpAddress>> far = Arbitraries.of(IpVersion.values())
                .flatMap(version -> ModelArbitraries.addresses(version).list().ofSize(2))
                .map(pair -> pair.stream().sorted().toList());
        Arbitrary<List<IpAddress>> near = Combinators.combine(
                        ModelArbitraries.addresses(), Arbitraries.longs().between(0, 5000))
                .as((start, length) -> {
                    BigInteger room = maximum(start.version()).subtract(number(start));
                    return List.of(
                            start,
                            start.plus(room.min(BigInteger.valueOf(length)).longValueExact()));
                });
        return Arbitraries.oneOf(near, far);
    }

    private static BigInteger number(IpAddress address) {
        return new BigInteger(1, address.toBytes());
    }

    private static BigInteger maximum(IpVersion version) {
        return BigInteger.ONE.shiftLeft(version.bits()).subtract(BigInteger.ONE);
    }

    private static BigInteger size(Cidr network) {
        return BigInteger.ONE.shiftLeft(network.version().bits() - network.prefixLength());
    }

    @Property
    void printedNetworkIsReadBackAsTheSame(@ForAll("cidrs") Cidr network) {
        assertThat(Cidr.parse(network.toString())).isEqualTo(network).hasSameHashCodeAs(network);
    }

    @Property
    void printedAddressWithPrefixLengthKeepsItsHostBits(@ForAll("ipNets") IpNet net) {
        IpNet again = IpNet.parse(net.toString());

        assertThat(again).isEqualTo(net).hasSameHashCodeAs(net).hasToString(net.toString());
        assertThat(again.address()).isEqualTo(net.address());
        assertThat(Cidr.parse(net.toString())).isEqualTo(net.network());
    }

    @Property
    void boundsAreThoseOfWholeNumbers(@ForAll("ipNets") IpNet net) {
        Cidr network = net.network();
        BigInteger size = size(network);
        BigInteger first = number(net.address()).divide(size).multiply(size);

        assertThat(number(network.first())).isEqualTo(first);
        assertThat(number(network.last())).isEqualTo(first.add(size).subtract(BigInteger.ONE));
        assertThat(network.contains(net.address())).isTrue();
        assertThat(network.isSingleAddress()).isEqualTo(size.equals(BigInteger.ONE));
    }

    @Property
    void addressIsInsideIfItIsBetweenTheBounds(@ForAll("cidrs") Cidr network, @ForAll("addresses") IpAddress address) {
        boolean expected = address.version() == network.version()
                && address.compareTo(network.first()) >= 0
                && address.compareTo(network.last()) <= 0;

        assertThat(network.contains(address)).isEqualTo(expected);
    }

    @Property
    void addressesAroundTheBoundsAreToldApart(@ForAll("cidrs") Cidr network) {
        if (number(network.first()).signum() > 0) {
            assertThat(network.contains(network.first().plus(-1))).isFalse();
        }
        if (!number(network.last()).equals(maximum(network.version()))) {
            assertThat(network.contains(network.last().plus(1))).isFalse();
        }
        assertThat(network.contains(network.first())).isTrue();
        assertThat(network.contains(network.last())).isTrue();
    }

    @Property
    void containmentAndOverlapFollowFromTheBounds(
            @ForAll("ipNets") IpNet net, @ForAll @IntRange(max = 128) int length, @ForAll("cidrs") Cidr unrelated) {
        Cidr one = net.network();
        // Of the same address, else two networks would hardly ever meet.
        Cidr related = Cidr.of(net.address(), Math.min(length, net.version().bits()));

        for (Cidr other : List.of(related, unrelated)) {
            boolean sameVersion = one.version() == other.version();
            boolean inside = sameVersion
                    && one.first().compareTo(other.first()) <= 0
                    && one.last().compareTo(other.last()) >= 0;
            boolean meet = sameVersion
                    && one.first().compareTo(other.last()) <= 0
                    && other.first().compareTo(one.last()) <= 0;
            assertThat(one.contains(other)).isEqualTo(inside);
            assertThat(one.overlaps(other)).isEqualTo(meet);
            assertThat(other.overlaps(one)).isEqualTo(meet);
        }
    }

    /** With every member counted: no reasoning about bounds that both sides could get wrong. */
    @Property(tries = 200)
    void smallNetworkContainsExactlyTheAddressesThatShareItsPrefix(
            @ForAll("addresses") IpAddress address, @ForAll @IntRange(max = 8) int hostBits) {
        Cidr network = Cidr.of(address, address.version().bits() - hostBits);
        BigInteger prefix = number(address).shiftRight(hostBits);

        int size = 1 << hostBits;
        for (int i = 0; i < size; i++) {
            IpAddress member = network.first().plus(i);
            assertThat(number(member).shiftRight(hostBits)).isEqualTo(prefix);
            assertThat(network.contains(member)).isTrue();
        }
        assertThat(network.first().plus(size - 1)).isEqualTo(network.last());
    }

    @Property
    void rangeIsCoveredExactlyInAscendingOrder(@ForAll("ranges") List<IpAddress> range) {
        List<Cidr> networks = Cidr.covering(range.get(0), range.get(1));

        BigInteger next = number(range.get(0));
        for (Cidr network : networks) {
            assertThat(number(network.first())).isEqualTo(next);
            next = next.add(size(network));
        }
        assertThat(next).isEqualTo(number(range.get(1)).add(BigInteger.ONE));
    }

    /**
     * Against a tree walk from the whole address space downwards, which takes a network as soon as all of it is inside: that
     * is the smallest number of disjoint networks, and it is found the other way round.
     */
    @Property
    void rangeIsCoveredByTheFewestNetworks(@ForAll("ranges") List<IpAddress> range) {
        List<Cidr> expected = new ArrayList<>();
        IpVersion version = range.get(0).version();
        Cidr everything = Cidr.of(IpAddress.of(version, 0, 0), 0);
        collect(everything, range.get(0), range.get(1), expected);

        assertThat(Cidr.covering(range.get(0), range.get(1))).isEqualTo(expected);
    }

    private static void collect(Cidr network, IpAddress start, IpAddress end, List<Cidr> into) {
        if (network.last().compareTo(start) < 0 || network.first().compareTo(end) > 0) {
            return;
        }
        if (network.first().compareTo(start) >= 0 && network.last().compareTo(end) <= 0) {
            into.add(network);
            return;
        }
        int length = network.prefixLength() + 1;
        collect(Cidr.of(network.first(), length), start, end, into);
        collect(Cidr.of(network.last(), length), start, end, into);
    }

    @Test
    void rangeThatIsANetworkIsOneNetwork() {
        assertThat(Cidr.covering(IpAddress.parse("10.0.1.0"), IpAddress.parse("10.0.1.255")))
                .containsExactly(Cidr.parse("10.0.1.0/24"));
        assertThat(Cidr.covering(IpAddress.parse("0.0.0.0"), IpAddress.parse("255.255.255.255")))
                .containsExactly(Cidr.parse("0.0.0.0/0"));
        assertThat(Cidr.covering(IpAddress.parse("::"), IpAddress.parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")))
                .containsExactly(Cidr.parse("::/0"));
    }

    @Test
    void rangeThatStartsAndEndsInTheMiddleIsCutUp() {
        assertThat(Cidr.covering(IpAddress.parse("192.168.0.1"), IpAddress.parse("192.168.0.10")))
                .map(Cidr::toString)
                .containsExactly(
                        "192.168.0.1/32", "192.168.0.2/31", "192.168.0.4/30", "192.168.0.8/31", "192.168.0.10/32");
    }

    @Test
    void rangeThatIsNoneIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Cidr.covering(IpAddress.parse("10.0.0.2"), IpAddress.parse("10.0.0.1")))
                .withMessage("range start 10.0.0.2 is after its end 10.0.0.1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Cidr.covering(IpAddress.parse("10.0.0.2"), IpAddress.parse("::1")))
                .withMessage("10.0.0.2 and ::1 are of different IP versions");
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3/8, 10.0.0.0/8",
        "10.1.2.3, 10.1.2.3/32",
        "2001:db8::5, 2001:db8::5/128",
        "FD00:0:0:A::1/64, fd00:0:0:a::/64",
        "255.255.255.255/0, 0.0.0.0/0",
        "::ffff:1.2.3.4/96, ::ffff:0.0.0.0/96",
    })
    void hostBitsAreCleared(String text, String network) {
        assertThat(Cidr.parse(text)).hasToString(network);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/8",
                "10",
                "4294967295",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/+8",
                "10.0.0.0/08",
                "10.0.0.0/8 ",
                " 10.0.0.0/8",
                "10.0.0.0/8/8",
                "10.0.0.0/255.0.0.0",
                "10.0.0.0/0.255.255.255",
                "10/8",
                "127.a.0.1",
                "aa:bb::zz",
                "1.2.3.4/33",
                "::/129",
                "::/1280",
                "::/99999999999",
                "fe80::1%eth0/64",
                "10.0.0.0/٨",
                "1.2.3.4/1e1"
            })
    void textThatIsNoNetworkIsRefusedByName(String text) {
        assertThat(Cidr.tryParse(text)).isEmpty();
        assertThat(IpNet.tryParse(text)).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Cidr.parse(text))
                .withMessage("'" + text + "' is not a CIDR");
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.1, 33", "10.0.0.1, -1", "::1, 129"})
    void prefixLengthOutOfRangeIsRefused(String address, int length) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Cidr.of(IpAddress.parse(address), length))
                .withMessageStartingWith("prefix length " + length + " of " + address + " is not in 0-");
    }

    @Test
    void orderIsByFirstAddressThenTheWiderFirst() {
        List<Cidr> networks = new ArrayList<>(List.of(
                Cidr.parse("::/0"), Cidr.parse("10.0.0.0/16"), Cidr.parse("10.0.0.0/8"), Cidr.parse("9.0.0.0/8")));

        networks.sort(null);

        assertThat(networks).map(Cidr::toString).containsExactly("9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/16", "::/0");
    }

    @Test
    void addressesWithPrefixLengthAreEqualIfTheirNetworksAre() {
        assertThat(IpNet.parse("10.1.2.3/8"))
                .isEqualTo(IpNet.parse("10.7.7.7/8"))
                .isNotEqualTo(IpNet.parse("10.1.2.3/9"));
    }
}
