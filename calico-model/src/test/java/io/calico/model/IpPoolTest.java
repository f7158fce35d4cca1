package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.testing.ModelArbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pools as they are stored. */
class IpPoolTest {
    @Provide
    Arbitrary<IpPool> pools() {
        return ModelArbitraries.pools();
    }

    @Property
    void writtenPoolIsReadBackAsTheSame(@ForAll("pools") IpPool pool) {
        Records.assertRoundTrip(pool, IpPool::fromJson);
    }

    @Test
    void onlyOptionsThatAreNotTheDefaultAreWritten() {
        assertThat(ModelJson.write(IpPool.of(Cidr.parse("192.168.0.0/16")))).isEqualTo("""
                {"cidr":"192.168.0.0/16"}""");
        assertThat(ModelJson.write(IpPool.builder()
                        .cidr(Cidr.parse("10.77.0.0/18"))
                        .ipip("tunl0")
                        .natOutgoing(true)
                        .ipam(false)
                        .disabled(true)
                        .vxlan("always")
                        .blockSize(28)
                        .build()))
                .isEqualTo("""
                {"cidr":"10.77.0.0/18","ipip":"tunl0","masquerade":true,"ipam":false,"disabled":true,"vxlan":"always",\
                "blockSize":28}""");
    }

    @Test
    void recordOfTheOriginalIsRead() {
        IpPool pool = ModelJson.read(Records.KEY, """
                {"cidr": "10.77.0.0/18", "ipip": "tunl0", "masquerade": true, "ipam": false}""", IpPool::fromJson);

        assertThat(pool.cidr()).hasToString("10.77.0.0/18");
        assertThat(pool.ipip()).hasValue("tunl0");
        assertThat(pool.natOutgoing()).isTrue();
        assertThat(pool.ipam()).isFalse();
        assertThat(pool.disabled()).isFalse();
    }

    @Test
    void emptyTunnelDeviceIsNone() {
        assertThat(ModelJson.read(
                        Records.KEY, "{\"cidr\":\"10.0.0.0/8\",\"ipip\":\"\",\"masquerade\":null}", IpPool::fromJson))
                .isEqualTo(IpPool.of(Cidr.parse("10.0.0.0/8")));
    }

    @Test
    void fieldsOfOtherWritersSurviveAChange() {
        IpPool pool =
                ModelJson.read(Records.KEY, "{\"nodeSelector\":\"all()\",\"cidr\":\"10.0.0.0/8\"}", IpPool::fromJson);

        assertThat(ModelJson.write(pool.withNatOutgoing(true))).isEqualTo("""
                {"cidr":"10.0.0.0/8","masquerade":true,"nodeSelector":"all()"}""");
    }

    @Test
    void blockIsOf64AddressesUnlessThePoolSaysOtherwise() {
        assertThat(IpPool.of(Cidr.parse("10.0.0.0/8")).blockPrefixLength()).isEqualTo(26);
        assertThat(IpPool.of(Cidr.parse("fd00::/8")).blockPrefixLength()).isEqualTo(122);
        assertThat(IpPool.of(Cidr.parse("fd00::/8")).withBlockSize(128).blockPrefixLength())
                .isEqualTo(128);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {} | field 'cidr' is missing
            {"cidr":"10.0.0.0/33"} | field 'cidr': '10.0.0.0/33' is not a CIDR
            {"cidr":"10.0.0.0/8","masquerade":"yes"} | field 'masquerade': neither true nor false but "yes"
            {"cidr":"10.0.0.0/8","ipip":true} | field 'ipip': not a string but true
            {"cidr":"10.0.0.0/8","blockSize":19} | block size 19 of pool 10.0.0.0/8 is not in 20-32
            {"cidr":"fd00::/8","blockSize":26} | block size 26 of pool fd00::/8 is not in 116-128
            [] | not a JSON object but []
            """)
    void damagedRecordIsRefusedNamingFieldAndValue(String json, String reason) {
        assertThat(Records.reason(json, IpPool::fromJson)).isEqualTo(reason);
    }
}
