package io.calico.dataplane.linux.iptables;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ForeignChainsTest {
    @Test
    void forwardChainsThatDropAreNamedAndNoOthers() {
        String listing = """
                table ip filter {
                	chain INPUT {
                		type filter hook input priority filter; policy drop;
                	}
                	chain FORWARD {
                		type filter hook forward priority filter; policy drop;
                	}
                }
                table inet calico {
                	chain forward {
                		type filter hook forward priority filter - 10; policy accept;
                	}
                }
                """;

        assertThat(ForeignChains.droppingForwarded(listing))
                .containsExactly(
                        "blocked by FORWARD policy: chain FORWARD of table ip filter drops what it does not know,"
                                + " and there is no program 'iptables' here to add a rule; install the package iptables");
    }
}
