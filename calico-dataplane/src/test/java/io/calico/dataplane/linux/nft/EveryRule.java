package io.calico.dataplane.linux.nft;

import io.calico.model.ProfileRules;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleAction;

/** Rules that the command line cannot write, and the edges of those that it can. */
final class EveryRule {
    private EveryRule() {}

    static ProfileRules rules() {
        return ProfileRules.builder()
                .addInbound(allow().protocol(Protocol.SCTP)
                        .addSrcPorts(PortRange.of(5))
                        .addDstPorts(PortRange.of(9), PortRange.parse("10:11"), PortRange.of(7))
                        .build())
                .addInbound(allow().protocol(Protocol.UDPLITE)
                        .addDstPorts(PortRange.of(7))
                        .build())
                .addInbound(allow().protocol(Protocol.of(33))
                        .addDstPorts(PortRange.parse("0:65534"))
                        .build())
                .addInbound(allow().protocol(Protocol.ICMP).icmpType(255).build())
                .addInbound(allow().protocol(Protocol.ICMPV6)
                        .icmpType(1)
                        .icmpCode(4)
                        .build())
                .addInbound(allow().protocol(Protocol.of(47))
                        .ipVersion(IpVersion.V6)
                        .build())
                .addInbound(allow().protocol(Protocol.of(255))
                        .srcNet(IpNet.parse("10.1.2.3/8"))
                        .dstNet(IpNet.parse("10.1.2.3"))
                        .build())
                .addInbound(allow().srcNet(IpNet.parse("0.0.0.0/0")).build())
                .addInbound(allow().dstNet(IpNet.parse("::/0")).srcTag("P").build())
                .addOutbound(allow().srcTag("P").dstTag("NOBODY").build())
                .build();
    }

    private static Rule.Builder allow() {
        return Rule.builder().action(RuleAction.ALLOW);
    }
}
