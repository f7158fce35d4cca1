package io.calico.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.EndpointKey;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeysTest {
    private record Example(String path, StoreKey key) {}

    static List<Example> examples() {
        return List.of(
                new Example("/calico/v1/Ready", new StoreKey.Ready()),
                new Example("/calico/v1/config/InterfacePrefix", new StoreKey.GlobalConfig("InterfacePrefix")),
                new Example("/calico/v1/host/rack7-n3/bird_ip", new StoreKey.HostBirdIp("rack7-n3")),
                new Example("/calico/v1/host/rack7-n3/vxlan", new StoreKey.HostVxlan("rack7-n3")),
                new Example("/calico/v1/host/rack7-n3/config/marker", new StoreKey.HostConfig("rack7-n3", "marker")),
                new Example(
                        "/calico/v1/host/rack7-n3/workload/libnetwork/libnetwork/endpoint/e1",
                        new StoreKey.Endpoint(new EndpointKey("rack7-n3", "libnetwork", "libnetwork", "e1"))),
                new Example("/calico/v1/policy/profile/web.1/tags", new StoreKey.ProfileTags("web.1")),
                new Example("/calico/v1/policy/profile/web.1/rules", new StoreKey.ProfileRulesKey("web.1")),
                new Example("/calico/v1/ipam/v4/pool/192.168.0.0-16", new StoreKey.Pool(Cidr.parse("192.168.0.0/16"))),
                new Example(
                        "/calico/v1/ipam/v6/pool/fd80:24e2:f998:72d6::-64",
                        new StoreKey.Pool(Cidr.parse("fd80:24e2:f998:72d6::/64"))),
                new Example("/calico/v1/ipam/v4/last_pool", new StoreKey.PoolGuard(IpVersion.V4)),
                new Example("/calico/v1/ipam/v6/last_pool", new StoreKey.PoolGuard(IpVersion.V6)),
                new Example("/calico/ipam/v2/config", new StoreKey.IpamConfig()),
                new Example(
                        "/calico/ipam/v2/assignment/ipv4/block/192.168.3.64-26",
                        new StoreKey.Block(Cidr.parse("192.168.3.64/26"))),
                new Example(
                        "/calico/ipam/v2/assignment/ipv6/block/fd80::40-122",
                        new StoreKey.Block(Cidr.parse("fd80::40/122"))),
                new Example(
                        "/calico/ipam/v2/host/n-1/ipv4/block/192.168.3.64-26",
                        new StoreKey.Affinity("n-1", Cidr.parse("192.168.3.64/26"))),
                new Example("/calico/ipam/v2/handle/h-1", new StoreKey.Handle("h-1")),
                new Example("/calico/bgp/v1/global/as_num", new StoreKey.GlobalBgp("as_num")),
                new Example("/calico/bgp/v1/host/n1/ip_addr_v4", new StoreKey.HostAddress("n1", IpVersion.V4)),
                new Example("/calico/bgp/v1/host/n1/ip_addr_v6", new StoreKey.HostAddress("n1", IpVersion.V6)),
                new Example("/calico/bgp/v1/host/n1/as_num", new StoreKey.HostAsNumber("n1")),
                new Example("/calico/libnetwork/v1/0a1b", new StoreKey.LibnetworkNetwork("0a1b")),
                new Example("/calico/network/v1/name/app-tier", new StoreKey.NetworkName("app-tier")),
                new Example("/calico/network/v1/host/n1/0a1b", new StoreKey.HostNetworkKey("n1", "0a1b")),
                new Example("/calico/felix/v1/host/n1/status", new StoreKey.NodeStatus("n1")));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void everyKindHasItsPathAndIsParsedFromIt(Example example) {
        assertThat(example.key().path()).isEqualTo(example.path());
        assertThat(Keys.parse(example.path())).isEqualTo(example.key());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/calico/ipam/v2",
                "/calico/v1/host",
                "/calico/v1/host/n1",
                "/calico/v1/host//bird_ip",
                "/calico/v1/host/n1/workload/o/w/endpoint/",
                "/calico/v1/host/n1/workload/o/w/endpunkt/e",
                "/calico/v1/policy/profile/p/colours",
                "/calico/v1/ipam/v4/pool/10.0.0.5-16",
                "/calico/v1/ipam/v4/pool/fd80::-64",
                "/calico/v1/ipam/v4/pool/10.0.0.0",
                "/calico/v1/ipam/v4/pool/-16",
                "/calico/v1/ipam/v5/last_pool",
                "/calico/ipam/v2/assignment/ipv6/block/FD80::-122",
                "/calico/ipam/v2/host/n1/ipv4/block/nonsense",
                "/somebody/else"
            })
    void whatIsNotExactlyAKnownKeyIsUnknown(String path) {
        assertThat(Keys.parse(path)).isEqualTo(new StoreKey.Unknown(path));
    }

    @Property(tries = 2000)
    void parsingNeverThrowsAndKeepsTheText(@ForAll("paths") String path) {
        assertThat(Keys.parse(path).path()).isEqualTo(path);
    }

    @Provide
    Arbitrary<String> paths() {
        Arbitrary<String> known = Arbitraries.of(examples().stream()
                .flatMap(example -> List.of(example.path().split("/")).stream())
                .distinct()
                .toList());
        Arbitrary<String> part =
                Arbitraries.oneOf(known, known, known, Arbitraries.strings().ofMaxLength(5));
        Arbitrary<String> mixed = part.list().ofMaxSize(9).map(parts -> "/calico/" + String.join("/", parts));
        return Arbitraries.oneOf(mixed, Arbitraries.strings());
    }

    @Test
    void partsThatWouldMakeAnotherKeyAreRefused() {
        assertThatThrownBy(() -> new StoreKey.ProfileTags("a/b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("profile 'a/b' is empty or holds a slash");
        assertThatThrownBy(() -> Keys.host("")).isInstanceOf(IllegalArgumentException.class);
    }
}
