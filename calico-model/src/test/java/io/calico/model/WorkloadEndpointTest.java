package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.model.testing.ModelArbitraries;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Workload endpoints as they are stored. */
class WorkloadEndpointTest {
    @Provide
    Arbitrary<WorkloadEndpoint> endpoints() {
        return ModelArbitraries.endpoints();
    }

    @Property
    void writtenEndpointIsReadBackAsTheSame(@ForAll("endpoints") WorkloadEndpoint endpoint) {
        Records.assertRoundTrip(endpoint, WorkloadEndpoint::fromJson);
    }

    @Test
    void allEightFieldsAreWrittenMacInLowerCaseAddressesSorted() {
        WorkloadEndpoint endpoint = WorkloadEndpoint.builder()
                .interfaceName("cali0f6c2b1ad0e")
                .mac(MacAddress.parse("EE:EE:EE:EE:EE:EE"))
                .addProfileIds("orders", "audit")
                .addIpv4Nets(Cidr.parse("10.77.0.9"), Cidr.parse("10.77.0.10"), Cidr.parse("10.77.0.9"))
                .ipv4Gateway(IpAddress.parse("169.254.1.1"))
                .build();

        assertThat(ModelJson.write(endpoint)).isEqualTo("""
                {"state":"active","name":"cali0f6c2b1ad0e","mac":"ee:ee:ee:ee:ee:ee",\
                "profile_ids":["orders","audit"],"ipv4_nets":["10.77.0.10/32","10.77.0.9/32"],"ipv6_nets":[],\
                "ipv4_gateway":"169.254.1.1","ipv6_gateway":null}""");
    }

    @Test
    void recordOfTheOriginalIsRead() {
        WorkloadEndpoint endpoint = ModelJson.read(Records.KEY, """
                {"state": "active", "name": "cali0f6c2b1ad0e", "mac": "7A:10:0c:44:9e:02",
                 "profile_ids": ["orders", "audit"], "ipv4_nets": ["10.77.0.5/32"],
                 "ipv6_nets": ["fd80:24e2:f998:72d6::5/128"], "ipv4_gateway": "10.200.1.3", "ipv6_gateway": null}
                """, WorkloadEndpoint::fromJson);

        assertThat(endpoint)
                .isEqualTo(WorkloadEndpoint.builder()
                        .state(EndpointState.ACTIVE)
                        .interfaceName("cali0f6c2b1ad0e")
                        .mac(MacAddress.parse("7a:10:0c:44:9e:02"))
                        .addProfileIds("orders", "audit")
                        .addIpv4Nets(Cidr.parse("10.77.0.5/32"))
                        .addIpv6Nets(Cidr.parse("fd80:24e2:f998:72d6::5/128"))
                        .ipv4Gateway(IpAddress.parse("10.200.1.3"))
                        .build());
        assertThat(endpoint.addresses())
                .map(IpAddress::toString)
                .containsExactly("10.77.0.5", "fd80:24e2:f998:72d6::5");
    }

    @Test
    void oldRecordWithOneProfileAndNoGatewaysIsReadAndRewritten() {
        WorkloadEndpoint endpoint = ModelJson.read(Records.KEY, """
                {"state":"inactive","name":"cali1","mac":"7a-10-0c-44-9e-02","profile_id":"web","ipv4_nets":null}""", WorkloadEndpoint::fromJson);

        assertThat(ModelJson.write(endpoint)).isEqualTo("""
                {"state":"inactive","name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":["web"],"ipv4_nets":[],\
                "ipv6_nets":[],"ipv4_gateway":null,"ipv6_gateway":null}""");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"profile_ids\":[\"a\",\"b\"],\"profile_id\":\"c\"",
                "\"profile_id\":\"c\",\"profile_ids\":[\"a\",\"b\"]"
            })
    void listOfProfilesWinsOverTheOldField(String fields) {
        String json = "{\"state\":\"active\",\"name\":\"cali1\",\"mac\":\"7a:10:0c:44:9e:02\"," + fields + "}";

        assertThat(ModelJson.read(Records.KEY, json, WorkloadEndpoint::fromJson).profileIds())
                .containsExactly("a", "b");
    }

    @Test
    void fieldsOfOtherWritersSurviveAChange() {
        WorkloadEndpoint endpoint = ModelJson.read(Records.KEY, """
                {"zone":{"b":[1,null],"a":1.50},"state":"active","name":"cali1","mac":"7a:10:0c:44:9e:02",\
                "profile_ids":[],"labels":null}""", WorkloadEndpoint::fromJson);

        assertThat(ModelJson.write(endpoint.withProfileIds("web"))).isEqualTo("""
                {"state":"active","name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":["web"],"ipv4_nets":[],\
                "ipv6_nets":[],"ipv4_gateway":null,"ipv6_gateway":null,"labels":null,"zone":{"b":[1,null],"a":1.50}}""");
    }

    @Test
    void addressPartOfAWiderNetworkCounts() {
        WorkloadEndpoint endpoint = ModelJson.read(Records.KEY, """
                {"state":"active","name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":[],\
                "ipv4_nets":["10.0.0.5/24"],"ipv6_nets":["fd00::5/64"]}""", WorkloadEndpoint::fromJson);

        assertThat(endpoint.addresses()).map(IpAddress::toString).containsExactly("10.0.0.5", "fd00::5");
    }

    @Test
    void addressesOfBothVersionsAreReplacedAtOnce() {
        WorkloadEndpoint endpoint = WorkloadEndpoint.builder()
                .interfaceName("cali1")
                .mac(MacAddress.of(1))
                .addIpv4Nets(Cidr.parse("10.0.0.1"))
                .build();

        List<IpAddress> addresses =
                List.of(IpAddress.parse("fd00::1"), IpAddress.parse("10.0.0.3"), IpAddress.parse("10.0.0.2"));

        assertThat(endpoint.withAddresses(addresses).addresses())
                .map(IpAddress::toString)
                .containsExactly("10.0.0.2", "10.0.0.3", "fd00::1");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":[]} | field 'state' is missing
            {"state":"up","name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":[]} | field 'state': "up" is neither "active" nor "inactive"
            {"state":"active","mac":"7a:10:0c:44:9e:02","profile_ids":[]} | field 'name' is missing
            {"state":"active","name":"","mac":"7a:10:0c:44:9e:02","profile_ids":[]} | field 'name': an interface name may not be empty
            {"state":"active","name":"cali1","profile_ids":[]} | field 'mac' is missing
            {"state":"active","name":"cali1","mac":"7a","profile_ids":[]} | field 'mac': '7a' is not a MAC address
            {"state":"active","name":"cali1","mac":"7a:10:0c:44:9e:02"} | field 'profile_ids' is missing
            {"state":"active","name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":"a"} | field 'profile_ids' is not an array but "a"
            {"state":"active","name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":["a",1]} | element 2 of 'profile_ids': not a string but 1
            {"state":"active","name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":[],"ipv4_nets":["10.0.0.x"]} | element 1 of 'ipv4_nets': '10.0.0.x' is not a CIDR
            {"state":"active","name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":[],"ipv4_nets":["fd00::1"]} | ipv4_nets of an endpoint holds fd00::1/128, which is not an IPv4 /32
            {"state":"active","name":"cali1","mac":"7a:10:0c:44:9e:02","profile_ids":[],"ipv6_gateway":"10.0.0.1"} | ipv6_gateway 10.0.0.1 of an endpoint is not an IPv6 address
            """)
    void damagedRecordIsRefusedNamingFieldAndValue(String json, String reason) {
        assertThat(Records.reason(json, WorkloadEndpoint::fromJson)).isEqualTo(reason);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "cali1, web, ",
        "cali12345678901, web, ",
        "cali123456789012, web, 'cali123456789012' is not the name of an interface",
        "cali/1, web, 'cali/1' is not the name of an interface",
        "., web, '.' is not the name of an interface",
        "cali 1, web, 'cali 1' is not the name of an interface",
        "cali1, web front, 'web front' is not the name of a profile",
    })
    void endpointThatNoDataplaneMayApplySaysWhy(String name, String profile, String reason) {
        WorkloadEndpoint endpoint = WorkloadEndpoint.builder()
                .interfaceName(name)
                .mac(MacAddress.of(1))
                .addProfileIds("ok", profile)
                .build();

        assertThat(endpoint.invalidReason()).isEqualTo(Optional.ofNullable(reason));
    }
}
