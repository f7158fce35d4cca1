package io.calico.policy;

import io.calico.model.net.Cidr;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import java.util.List;
import java.util.Optional;

/** The tag set which a match tests, if it tests one. */
enum TagSetOf implements Match.Visitor<Optional<TagSet>> {
    INSTANCE;

    @Override
    public Optional<TagSet> protocolIs(Protocol protocol) {
        return Optional.empty();
    }

    @Override
    public Optional<TagSet> sourceIn(Cidr network) {
        return Optional.empty();
    }

    @Override
    public Optional<TagSet> destinationIn(Cidr network) {
        return Optional.empty();
    }

    @Override
    public Optional<TagSet> sourceHasTag(TagSet tag) {
        return Optional.of(tag);
    }

    @Override
    public Optional<TagSet> destinationHasTag(TagSet tag) {
        return Optional.of(tag);
    }

    @Override
    public Optional<TagSet> sourcePorts(List<PortRange> ranges) {
        return Optional.empty();
    }

    @Override
    public Optional<TagSet> destinationPorts(List<PortRange> ranges) {
        return Optional.empty();
    }

    @Override
    public Optional<TagSet> icmpTypeIs(int type) {
        return Optional.empty();
    }

    @Override
    public Optional<TagSet> icmpCodeIs(int code) {
        return Optional.empty();
    }
}
