package io.calico.model.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.testing.ModelArbitraries;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpAddressTest {
    @Provide
    Arbitrary<IpAddress> addresses() {
        return ModelArbitraries.addresses();
    }

    /** The text of an address with pieces lost, doubled or replaced: near misses, and some hits. */
    @Provide
    Arbitrary<String> nearMisses() {
        Arbitrary<String> pieces = Arbitraries.of(
                "", ":", "::", ".", "0", "00", "1", "9", "a", "F", "g", "ffff", "10000", "255", "256", "01", "1.2.3.4",
                "%", "/", "-", " ", "x", "٣", "0x1");
        return net.jqwik.api.Combinators.combine(
                        ModelArbitraries.addresses().map(IpAddress::toString),
                        Arbitraries.integers().between(0, 40),
                        Arbitraries.integers().between(0, 3),
                        pieces)
                .as((text, at, dropped, piece) -> {
                    int from = Math.min(at, text.length());
                    return text.substring(0, from) + piece + text.substring(Math.min(from + dropped, text.length()));
                });
    }

    private static BigInteger number(IpAddress address) {
        return new BigInteger(1, address.toBytes());
    }

    @Property
    void printedAddressIsReadBackAsTheSame(@ForAll("addresses") IpAddress address) {
        assertThat(IpAddress.parse(address.toString())).isEqualTo(address).hasSameHashCodeAs(address);
        assertThat(IpAddress.ofBytes(address.toBytes())).isEqualTo(address);
        assertThat(IpAddress.parse(address.toString().toUpperCase(Locale.ROOT))).isEqualTo(address);
    }

    /** Literals are never looked up by the JDK; a mapped address it turns into IPv4, so that is left out. */
    @Property
    void jdkReadsTheSameBytes(@ForAll("addresses") IpAddress address) throws UnknownHostException {
        byte[] theirs = InetAddress.getByName(address.toString()).getAddress();

        boolean mapped = address.isV6() && theirs.length == 4;
        assertThat(theirs)
                .isEqualTo(mapped ? java.util.Arrays.copyOfRange(address.toBytes(), 12, 16) : address.toBytes());
    }

    @Property(tries = 5000)
    void whateverIsAcceptedIsOneOfTheFormsOfTheRfc(@ForAll("nearMisses") String text) {
        assertThat(IpAddress.tryParse(text).isPresent()).as(text).isEqualTo(ReferenceSyntax.isAddress(text));
    }

    @Property
    void anyTextIsReadOrRefusedWithoutAnotherException(@ForAll String text) {
        assertThat(IpAddress.tryParse(text).isPresent()).isEqualTo(ReferenceSyntax.isAddress(text));
    }

    @Property
    void additionIsThatOfWholeNumbers(@ForAll("addresses") IpAddress address, @ForAll long offset) {
        BigInteger expected = number(address).add(BigInteger.valueOf(offset));
        boolean inside = expected.signum() >= 0
                && expected.bitLength() <= address.version().bits();

        if (inside) {
            assertThat(number(address.plus(offset))).isEqualTo(expected);
            assertThat(address.plus(offset).version()).isEqualTo(address.version());
            assertThat(address.plus(offset).minus(address)).isEqualTo(offset);
        } else {
            assertThatThrownBy(() -> address.plus(offset)).isInstanceOf(ArithmeticException.class);
        }
    }

    @Property
    void distanceIsThatOfWholeNumbers(@ForAll("addresses") IpAddress one, @ForAll("addresses") IpAddress other) {
        if (one.version() != other.version()) {
            assertThatIllegalArgumentException().isThrownBy(() -> one.minus(other));
            return;
        }
        BigInteger expected = number(one).subtract(number(other));

        if (expected.bitLength() < 64) {
            assertThat(one.minus(other)).isEqualTo(expected.longValueExact());
        } else {
            assertThatThrownBy(() -> one.minus(other)).isInstanceOf(ArithmeticException.class);
        }
    }

    @Property
    void orderIsByVersionThenByNumber(@ForAll("addresses") IpAddress one, @ForAll("addresses") IpAddress other) {
        int expected = one.version() == other.version()
                ? number(one).compareTo(number(other))
                : one.version().number() - other.version().number();

        assertThat(Integer.signum(one.compareTo(other))).isEqualTo(Integer.signum(expected));
        assertThat(one.equals(other)).isEqualTo(expected == 0);
    }

    /** RFC 5952 sections 4 and 5, RFC 4291 section 2.2. */
    @ParameterizedTest(name = "{0} is printed {1}")
    @CsvSource({
        "2001:db8::1, 2001:db8::1",
        "2001:DB8::A:B, 2001:db8::a:b",
        "2001:0db8::0001, 2001:db8::1",
        "2001:db8:0:0:0:0:2:1, 2001:db8::2:1",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:db8::1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "2001:db8:0000:0:1::1, 2001:db8::1:0:0:1",
        "0:0:0:0:0:0:0:0, ::",
        "0:0:0:0:0:0:0:1, ::1",
        "1::, 1::",
        "1:2:3:4:5:6:7::, 1:2:3:4:5:6:7:0",
        "::2:3:4:5:6:7:8, 0:2:3:4:5:6:7:8",
        "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789, abcd:ef01:2345:6789:abcd:ef01:2345:6789",
        "FF01:0:0:0:0:0:0:101, ff01::101",
        "0:0:0:0:0:0:13.1.68.3, ::d01:4403",
        "::FFFF:129.144.52.38, ::ffff:129.144.52.38",
        "::ffff:0:0, ::ffff:0.0.0.0",
        "::ffff:8190:3426, ::ffff:129.144.52.38",
        "0:0:0:0:ffff:0:0:1, ::ffff:0:0:1",
        "1:2:3:4:5:6:1.2.3.4, 1:2:3:4:5:6:102:304",
        "64:ff9b::192.0.2.33, 64:ff9b::c000:221",
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
    })
    void addressIsPrintedInItsOneCanonicalForm(String text, String canonical) {
        assertThat(IpAddress.parse(text)).hasToString(canonical);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "1",
                "1.2",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.",
                ".1.2.3",
                "1..2.3",
                "01.2.3.4",
                "1.2.3.04",
                "1.2.3.256",
                "0x1.2.3.4",
                "1.2.3.4 ",
                " 1.2.3.4",
                "+1.2.3.4",
                "1.2.3.-4",
                "1,2,3,4",
                "a.b.c.d",
                "localhost",
                "4294967295",
                "127.a.0.1",
                "1.2.3.4/32",
                "١.٢.٣.٤",
                ":",
                ":::",
                "1:",
                ":1",
                "1::2::3",
                "::1::",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4::5:6:7:8",
                "::1:2:3:4:5:6:7:8",
                "1:2:3:4:5:6:7:8::",
                "12345::",
                "g::",
                "aa:bb::zz",
                "fe80::1%eth0",
                "[::1]",
                "::1/128",
                "1:2:3:4:5:6:7:1.2.3.4",
                "::1.2.3",
                "::1.2.3.4.5",
                "::1.2.3.4:5",
                "1.2.3.4::",
                "::01.2.3.4",
                "::256.1.1.1",
                "::-1",
                "::+1",
                ":: 1",
                "1:2:3:4:5:6:7:",
                "::ffff:1.2.3.4:"
            })
    void textThatIsNoAddressIsRefusedByName(String text) {
        assertThat(IpAddress.tryParse(text)).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IpAddress.parse(text))
                .withMessage("'" + text + "' is not an IP address");
    }

    @Test
    void mappedAddressIsIpv6() {
        assertThat(IpAddress.parse("::ffff:1.2.3.4").version()).isEqualTo(IpVersion.V6);
    }

    @Test
    void addressHasFourOrSixteenBytes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IpAddress.ofBytes(new byte[5]))
                .withMessage("an address has 4 or 16 bytes, not 5");
    }

    @Test
    void arithmeticStopsAtTheEndsOfTheAddressSpace() {
        assertThatThrownBy(() -> IpAddress.parse("255.255.255.255").plus(1))
                .isInstanceOf(ArithmeticException.class)
                .hasMessage("255.255.255.255 + 1 is not an IPv4 address");
        assertThatThrownBy(() -> IpAddress.parse("::").plus(-1))
                .isInstanceOf(ArithmeticException.class)
                .hasMessage(":: + -1 is not an IPv6 address");
        assertThat(IpAddress.parse("::ffff:ffff:ffff:ffff").plus(1)).hasToString("0:0:0:1::");
    }

    @Test
    void distanceUpToTheLimitsOfLongIsExact() {
        IpAddress base = IpAddress.v6(1, 0);

        assertThat(base.plus(Long.MIN_VALUE).minus(base)).isEqualTo(Long.MIN_VALUE);
        assertThat(base.plus(Long.MAX_VALUE).minus(base)).isEqualTo(Long.MAX_VALUE);
        assertThatThrownBy(() -> base.plus(Long.MAX_VALUE).plus(1).minus(base)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> base.plus(Long.MIN_VALUE).plus(-1).minus(base))
                .isInstanceOf(ArithmeticException.class);
    }
}
