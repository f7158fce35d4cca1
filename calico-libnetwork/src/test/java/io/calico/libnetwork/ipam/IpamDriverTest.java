package io.calico.libnetwork.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.ipam.Owner;
import io.calico.libnetwork.RunningPlugin;
import io.calico.libnetwork.http.RawClient;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each call of the IPAM driver, as an engine makes it. */
@Timeout(60)
class IpamDriverTest {
    private final RunningPlugin plugin = RunningPlugin.start();

    @AfterEach
    void stop() {
        plugin.close();
    }

    private static String pool(String pool, String subPool, boolean v6) {
        return """
                {"AddressSpace":"CalicoLocalAddressSpace","Pool":"%s","SubPool":"%s","Options":{},"V6":%s}""".formatted(pool, subPool, v6);
    }

    private static String address(String poolId, String address) {
        return "{\"PoolID\":\"%s\",\"Address\":\"%s\",\"Options\":null}".formatted(poolId, address);
    }

    private void addPool(IpPool pool) {
        plugin.store().pools().put(pool);
    }

    @Test
    void theDriverAsksForNoMacsAndNoReplay() {
        assertThat(plugin.ok("/IpamDriver.GetCapabilities", ""))
                .isEqualTo(RunningPlugin.json("{\"RequiresMACAddress\":false,\"RequiresRequestReplay\":false}"));
        assertThat(plugin.ok("/IpamDriver.GetDefaultAddressSpaces", "")).isEqualTo(RunningPlugin.json("""
                                {"LocalDefaultAddressSpace":"CalicoLocalAddressSpace",
                                 "GlobalDefaultAddressSpace":"CalicoGlobalAddressSpace"}"""));
    }

    @Test
    void theSecondSocketServesThisDriverOnly() {
        try (RawClient client = new RawClient(plugin.ipamSocket())) {
            assertThat(client.call("/Plugin.Activate", "").body()).isEqualTo("{\"Implements\":[\"IpamDriver\"]}");
            assertThat(client.call("/IpamDriver.RequestPool", pool("", "", false))
                            .status())
                    .isEqualTo(200);
            assertThat(client.call("/NetworkDriver.GetCapabilities", "").status())
                    .isEqualTo(404);
        }
    }

    @Test
    void withoutASubnetThePoolIsEverythingAndHasNoGateway() {
        assertThat(plugin.ok("/IpamDriver.RequestPool", pool("", "", false))).isEqualTo(RunningPlugin.json("""
                                {"PoolID":"CalicoPoolIPv4","Pool":"0.0.0.0/0",
                                 "Data":{"com.docker.network.gateway":"0.0.0.0/0"}}"""));
    }

    @Test
    void aSubnetNamesAPool() {
        addPool(IpPool.of(Cidr.parse("10.77.0.0/24")));

        JsonNode answer = plugin.ok("/IpamDriver.RequestPool", pool("10.77.0.0/24", "", false));

        assertThat(answer.path("PoolID").asText()).isEqualTo("10.77.0.0/24");
        assertThat(answer.path("Pool").asText()).isEqualTo("0.0.0.0/0");
    }

    @Test
    void aSubnetThatIsNoPoolIsRefusedWithThePoolsThereAre() {
        addPool(IpPool.of(Cidr.parse("10.77.0.0/24")));
        addPool(IpPool.builder().cidr(Cidr.parse("10.88.0.0/24")).ipam(false).build());
        addPool(IpPool.builder().cidr(Cidr.parse("10.89.0.0/24")).disabled(true).build());

        for (String subnet : new String[] {"10.99.0.0/24", "10.88.0.0/24", "10.89.0.0/24", "10.77.0.0/25"}) {
            assertThat(plugin.refused("/IpamDriver.RequestPool", pool(subnet, "", false)))
                    .isEqualTo("subnet " + subnet + " is not a calico pool that gives addresses; those are "
                            + "10.77.0.0/24, 192.168.0.0/16; add one with: calicoctl pool add " + subnet);
        }
    }

    @ParameterizedTest
    @CsvSource({"'','',true,IPv6", "fd80::/64,'',true,IPv6", "192.168.0.0/16,192.168.5.0/24,false,--ip-range"})
    void whatIsNotSupportedIsRefusedWithAReason(String pool, String subPool, boolean v6, String reason) {
        assertThat(plugin.refused("/IpamDriver.RequestPool", pool(pool, subPool, v6)))
                .contains(reason);
    }

    @Test
    void aPoolThatIsNoCidrIsABadRequest() {
        assertThat(plugin.call("/IpamDriver.RequestPool", pool("10.0.0.0/33", "", false))
                        .status())
                .isEqualTo(400);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"Pool":["x"]}    | field 'Pool': not a string but ["x"]
            {"subpool":{}}    | field 'SubPool': not a string but {}
            {"V6":"yes"}      | field 'V6': neither true nor false but "yes"
            {"Pool":"x"}      | Pool 'x' is not a CIDR
            """)
    void aFieldThatCannotBeReadIsNamed(String request, String reason) {
        assertThat(plugin.refused("/IpamDriver.RequestPool", request)).isEqualTo("/IpamDriver.RequestPool: " + reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"Pool\":null,\"SubPool\":null,\"V6\":null,\"Options\":{\"a\":[1.5]}}"})
    void fieldsThatAreMissingOrNullAreEmptyAndOthersAreIgnored(String request) {
        assertThat(plugin.ok("/IpamDriver.RequestPool", request).path("PoolID").asText())
                .isEqualTo("CalicoPoolIPv4");
    }

    @Test
    void anyAddressComesFromAnyPoolAndWaitsForItsEndpoint() {
        JsonNode answer = plugin.ok("/IpamDriver.RequestAddress", address("CalicoPoolIPv4", ""));

        assertThat(answer).isEqualTo(RunningPlugin.json("{\"Address\":\"192.168.0.0/32\",\"Data\":{}}"));
        assertThat(plugin.allocator().info(IpAddress.parse("192.168.0.0")).flatMap(info -> info.owner()))
                .hasValue(Owner.pendingEndpoint(RunningPlugin.HOST));
    }

    @Test
    void theNetworksPoolGivesTheAddress() {
        addPool(IpPool.of(Cidr.parse("10.77.0.0/24")));

        assertThat(plugin.ok("/IpamDriver.RequestAddress", address("10.77.0.0/24", ""))
                        .path("Address")
                        .asText())
                .startsWith("10.77.0.");
    }

    @Test
    void aSpecificAddressIsGivenOnce() {
        plugin.ok("/IpamDriver.RequestAddress", address("192.168.0.0/16", "192.168.9.9"));

        assertThat(plugin.refused("/IpamDriver.RequestAddress", address("192.168.0.0/16", "192.168.9.9")))
                .isEqualTo("calico: address 192.168.9.9 is already assigned");
    }

    @Test
    void aSpecificAddressMustBeInTheNetworksPool() {
        addPool(IpPool.of(Cidr.parse("10.77.0.0/24")));

        assertThat(plugin.refused("/IpamDriver.RequestAddress", address("10.77.0.0/24", "192.168.9.9")))
                .contains("192.168.9.9", "10.77.0.0/24");
        assertThat(plugin.addressesInUse()).isZero();
    }

    @Test
    void aFullPoolIsToldAsSuch() {
        addPool(IpPool.builder().cidr(Cidr.parse("10.78.0.0/30")).blockSize(30).build());
        for (int i = 0; i < 4; i++) {
            plugin.ok("/IpamDriver.RequestAddress", address("10.78.0.0/30", ""));
        }

        assertThat(plugin.refused("/IpamDriver.RequestAddress", address("10.78.0.0/30", "")))
                .isEqualTo("no free address is left in calico pool 10.78.0.0/30");
    }

    @Test
    void aPoolThatWasRemovedGivesNothing() {
        assertThat(plugin.refused("/IpamDriver.RequestAddress", address("10.79.0.0/24", "")))
                .contains("10.79.0.0/24");
    }

    @Test
    void aPoolIdThatIsNotOursIsABadRequest() {
        assertThat(plugin.call("/IpamDriver.RequestAddress", address("LocalDefault/x", ""))
                        .status())
                .isEqualTo(400);
    }

    @Test
    void aReleasedAddressIsFreeAndMayBeReleasedAgain() {
        plugin.ok("/IpamDriver.RequestAddress", address("CalicoPoolIPv4", "192.168.9.9"));

        plugin.ok("/IpamDriver.ReleaseAddress", address("CalicoPoolIPv4", "192.168.9.9"));
        plugin.ok("/IpamDriver.ReleaseAddress", address("CalicoPoolIPv4", "192.168.9.9"));

        assertThat(plugin.addressesInUse()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "8.8.8.8", "fd00::1", "192.168.200.1", ""})
    void releasingWhatIsNotAssignedSucceeds(String address) {
        assertThat(plugin.ok("/IpamDriver.ReleaseAddress", address("CalicoPoolIPv4", address)))
                .isEmpty();
    }

    @Test
    void aPoolIsReleasedWhateverItWas() {
        assertThat(plugin.ok("/IpamDriver.ReleasePool", "{\"PoolID\":\"CalicoPoolIPv4\"}"))
                .isEmpty();
        assertThat(plugin.ok("/IpamDriver.ReleasePool", "{\"PoolID\":\"unknown\"}"))
                .isEmpty();
    }
}
