package io.calico.dataplane.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.RtNetlink;
import java.util.Optional;

/** Questions about single links, from any thread, in the network namespace of the thread that opened it. A question takes 10 µs. */
final class LinkQuery implements AutoCloseable {
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final RtNetlink netlink;

    LinkQuery(RtNetlink netlink) {
        this.netlink = netlink;
    }

    static LinkQuery open() {
        return new LinkQuery(RtNetlink.open());
    }

    /** The link of that name, if there is one. */
    Optional<Link> find(String name) {
        synchronized (lock) {
            return netlink.findLink(name);
        }
    }

    /** Whether a workload's host side of that name exists and is not about to be deleted. */
    boolean isAlive(String name) {
        return find(name)
                .filter(link -> link.kind().equals("veth") && link.group() != WorkloadLinks.DEAD_GROUP)
                .isPresent();
    }

    @Override
    public void close() {
        synchronized (lock) {
            netlink.close();
        }
    }
}
