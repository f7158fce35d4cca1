package io.calico.dataplane.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.Tool;
import io.calico.model.net.MacAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against the real kernel, in an empty network namespace; iproute2 is the witness. */
@InFreshNetwork
class RtNetlinkIT {
    private RtNetlink netlink;

    @BeforeEach
    void open() {
        netlink = RtNetlink.open();
    }

    @AfterEach
    void close() {
        netlink.close();
    }

    @Test
    void vethPairIsThereAsAsked() {
        Link made = netlink.createVeth(
                LinkSettings.builder()
                        .name("cali1")
                        .mac(MacAddress.parse("02:ca:11:c0:00:01"))
                        .mtuBytes(1400)
                        .group(13)
                        .build(),
                LinkSettings.builder().name("tmp1").mtuBytes(1400).build());

        JsonNode link = Tool.json("ip -d -j link show cali1").get(0);
        assertThat(link.get("ifindex").asInt()).isEqualTo(made.index());
    }
}
