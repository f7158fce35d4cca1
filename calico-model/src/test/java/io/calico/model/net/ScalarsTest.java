package io.calico.model.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.calico.model.testing.ModelArbitraries;
import java.util.Locale;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** MAC addresses, port ranges and IP versions. */
class ScalarsTest {
    @Provide
    Arbitrary<MacAddress> macs() {
        return ModelArbitraries.macAddresses();
    }

    @Provide
    Arbitrary<PortRange> ports() {
        return ModelArbitraries.portRanges();
    }

    @Property
    void printedMacIsReadBackAsTheSame(@ForAll("macs") MacAddress mac) {
        String text = mac.toString();

        assertThat(text).matches("([0-9a-f]{2}:){5}[0-9a-f]{2}");
        assertThat(MacAddress.parse(text)).isEqualTo(mac).hasSameHashCodeAs(mac);
        assertThat(MacAddress.parse(text.toUpperCase(Locale.ROOT).replace(':', '-')))
                .isEqualTo(mac);
        assertThat(MacAddress.of(mac.bits())).isEqualTo(mac);
    }

    @Test
    void macBytesAreInTheOrderOfItsText() {
        assertThat(MacAddress.parse("02:CA:11:c0:00:01").toBytes()).containsExactly(0x02, 0xca, 0x11, 0xc0, 0x00, 0x01);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "ee:ee:ee:ee:ee", "ee:ee:ee:ee:ee:ee:ee", "ee:ee:ee:ee:ee:eg", "ee-ee:ee-ee:ee-ee",
                        "eee:e:ee:ee:ee:ee",
                "eeeeeeeeeeee", "eeee.eeee.eeee", "ee ee ee ee ee ee", " ee:ee:ee:ee:ee:e", "ee:ee:ee:ee:ee:ee ",
                        "+e:ee:ee:ee:ee:ee",
                "ee:ee:ee:ee:ee:e٣"
            })
    void textThatIsNoMacIsRefusedByName(String text) {
        assertThat(MacAddress.tryParse(text)).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MacAddress.parse(text))
                .withMessage("'" + text + "' is not a MAC address");
    }

    @Property
    void anyTextIsAMacOrRefused(@ForAll String text) {
        assertThat(MacAddress.tryParse(text).isPresent())
                .isEqualTo(text.matches("([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}|([0-9a-fA-F]{2}-){5}[0-9a-fA-F]{2}"));
    }

    @Test
    void macHas48Bits() {
        assertThatIllegalArgumentException().isThrownBy(() -> MacAddress.of(1L << 48));
        assertThat(MacAddress.of((1L << 48) - 1)).hasToString("ff:ff:ff:ff:ff:ff");
    }

    @Property
    void printedPortsAreReadBackAsTheSame(@ForAll("ports") PortRange range) {
        assertThat(PortRange.parse(range.toString())).isEqualTo(range);
        assertThat(PortRange.parse(range.first() + "-" + range.last())).isEqualTo(range);
        assertThat(range.contains(range.first())).isTrue();
        assertThat(range.contains(range.last())).isTrue();
        assertThat(range.contains(range.first() - 1)).isFalse();
        assertThat(range.contains(range.last() + 1)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "65535, 65535",
        "0080, 80",
        "1:2, 1:2",
        "1-2, 1:2",
        "5000:5000, 5000",
        "0:65535, 0:65535",
        "00001-00002, 1:2"
    })
    void portsArePrintedWithoutLeadingZerosAndWithAColon(String text, String printed) {
        assertThat(PortRange.parse(text)).hasToString(printed);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "65536",
                "70000",
                "99999999999999999999",
                "-1",
                "+1",
                "1:",
                ":1",
                "-",
                ":",
                "9-3",
                "9:3",
                "1:2:3",
                "1-2-3",
                "1:2-3",
                "1-2:3",
                "1::2",
                "-1:5",
                "one",
                " 1",
                "1 ",
                "1,2",
                "0x10",
                "٨٠"
            })
    void textThatIsNoPortIsRefusedByName(String text) {
        assertThat(PortRange.tryParse(text)).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PortRange.parse(text))
                .withMessage("'" + text + "' is not a port (0-65535) or a range of ports MIN:MAX");
    }

    @ParameterizedTest
    @CsvSource({"-1, 5", "5, 65536", "6, 5"})
    void portsOutOfRangeAreRefused(int first, int last) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PortRange(first, last))
                .withMessage("ports " + first + ":" + last + " are not a range within 0-65535");
    }

    @Test
    void thereAreTwoIpVersions() {
        assertThat(IpVersion.of(4)).isEqualTo(IpVersion.V4);
        assertThat(IpVersion.of(6)).isEqualTo(IpVersion.V6);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IpVersion.of(5))
                .withMessage("IP version 5 is neither 4 nor 6");
    }
}
