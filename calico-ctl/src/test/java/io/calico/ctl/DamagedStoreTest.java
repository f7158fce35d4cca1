package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Transaction;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records that cannot be read: every command ends, says what is wrong in one line, and shows the others. */
class DamagedStoreTest {
    private static final List<String> COMMANDS = List.of(
            "pool show",
            "profile show --detailed",
            "profile bad rule show",
            "profile bad rule show --names",
            "profile bad rule json",
            "profile bad tag show",
            "profile good rule show",
            "endpoint show --detailed",
            "ipam show --show-blocks",
            "ipam show --ip=10.99.0.1",
            "ipam info 10.99.0.1",
            "ipam release 10.50.0.77",
            "pool add 10.77.0.0/16",
            "pool remove 10.77.0.0/16");

    private static final List<String> VALUES = List.of(
            "",
            "null",
            "-1",
            "[]",
            "{}",
            "{",
            "\"text\"",
            "[".repeat(20_000),
            "\"" + "x".repeat(200_000) + "\"",
            "9".repeat(10_000),
            "{\"version\":99,\"new_field\":[1]}",
            "{\"id\":\"bad\",\"inbound_rules\":[{\"action\":\"explode\"}],\"outbound_rules\":null}",
            "[\"ok\",7]",
            "{\"cidr\":\"10.99.0.0/26\",\"affinity\":17,\"allocations\":[null],\"unallocated\":[999]}",
            "{\"state\":\"active\",\"name\":\"cali\u001b[2J\",\"mac\":\"zz\",\"profile_ids\":[1],\"ipv4_nets\":[\"x\"]}");

    private final Cli cli = new Cli();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/calico/v1/host/rack7-n3/workload/docker/w/endpoint/e1",
                "/calico/v1/policy/profile/bad/rules",
                "/calico/v1/policy/profile/bad/tags",
                "/calico/v1/ipam/v4/pool/10.99.0.0-16",
                "/calico/ipam/v2/config",
                "/calico/ipam/v2/assignment/ipv4/block/10.99.0.0-26",
                "/calico/ipam/v2/host/rack7-n3/ipv4/block/10.99.0.0-26",
                "/calico/ipam/v2/handle/h1",
                "/calico/bgp/v1/host/rack7-n3/ip_addr_v4",
                "/calico/network/v1/name/bad",
                "/calico/network/v1/host/rack7-n3/bad",
                "/calico/libnetwork/v1/bad"
            })
    void everyCommandEndsAndSaysWhatIsWrongInFewWords(String key) {
        cli.given("pool add 10.50.0.0/16", "profile add good", "profile add bad");
        for (String value : VALUES) {
            cli.datastore.commit(Transaction.builder().put(key, value).build());
            for (String command : COMMANDS) {
                Cli.Result result = cli.run(command);
                String what = key + " = " + value.substring(0, Math.min(60, value.length())) + "\n$ " + command + "\n"
                        + result.transcript();
                assertThat(result.code()).as(what).isIn(0, 1);
                assertThat(result.err()).as(what).doesNotContain("Exception", "\tat ", "\u001b");
                result.err()
                        .lines()
                        .forEach(line -> assertThat(line.length()).as(what).isLessThan(2_000));
            }
            assertThat(cli.run("pool show").out()).contains("10.50.0.0/16");
            assertThat(cli.run("profile show").out()).contains("good");
        }
    }
}
