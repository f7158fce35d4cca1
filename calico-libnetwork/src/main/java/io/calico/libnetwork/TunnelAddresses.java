package io.calico.libnetwork;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Keys;
import io.calico.datastore.syncer.SyncStatus;
import io.calico.datastore.syncer.SyncUpdate;
import io.calico.datastore.syncer.Syncer;
import io.calico.datastore.syncer.SyncerListener;
import io.calico.ipam.AddressInfo;
import io.calico.ipam.AssignOptions;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.AssignResult;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.IpamException;
import io.calico.ipam.Owner;
import io.calico.ipam.ReleaseRequest;
import io.calico.model.IpPool;
import io.calico.model.Node;
import io.calico.model.VxlanTunnel;
import io.calico.model.json.BadRecordException;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that this host has an address for each kind of tunnel that a pool asks for, and only then, whenever pools
 * change. So packets that the host itself sends into a tunnel have a source that is routed back through it.
 *
 * <pre>
 *   pool with ipip    ─▶ /calico/v1/host/H/config/IpInIpTunnelAddr   (IPv4)
 *   pool with vxlan   ─▶ /calico/v1/host/H/vxlan                     (each version that has such a pool)
 * </pre>
 *
 * <p>An address is kept while it lies in a pool of the kind; if its pool has another kind now it is released, if it lies in
 * no pool it is forgotten. One that a process assigned and died before it was written is found by its owner and used.
 *
 * <p>One thread, {@code calico-tunnels-1}; {@link #close} may be called from any.
 */
final class TunnelAddresses implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TunnelAddresses.class);
    /** Owner kind of addresses that tunnels have. */
    static final String OWNER_KIND = "tunnel";

    private static final String IPIP = "IpInIpTunnelAddr";
    private static final int RETRY_SECONDS = 5;

    private final CalicoStore store;
    private final BlockAllocator allocator;
    private final String host;
    private final Syncer syncer;
    private final Semaphore wanted = new Semaphore(0);
    private final Thread thread = new Thread(this::run, "calico-tunnels-1");
    private @Nullable String reported;

    /** One that follows nothing until it is started; {@link #look} may be called. */
    TunnelAddresses(CalicoStore store, String host) {
        this.store = store;
        this.host = host;
        this.allocator = new BlockAllocator(store.datastore(), host);
        this.syncer = new Syncer(store.datastore(), List.of(Keys.IPAM_V1), new SyncerListener() {
            @Override
            public void onStatus(SyncStatus status) {
                if (status == SyncStatus.IN_SYNC) {
                    wanted.release();
                }
            }

            @Override
            public void onUpdates(List<SyncUpdate> updates, long revision) {
                if (!updates.isEmpty()) {
                    wanted.release();
                }
            }
        });
        this.thread.setDaemon(true);
    }

    /** Begins to follow the pools; returns at once. */
    static TunnelAddresses start(CalicoStore store, String host) {
        TunnelAddresses addresses = new TunnelAddresses(store, host);
        addresses.syncer.start();
        addresses.thread.start();
        return addresses;
    }

    private void run() {
        boolean isDone = true;
        try {
            while (true) {
                if (isDone) {
                    wanted.acquire();
                } else if (!wanted.tryAcquire(RETRY_SECONDS, TimeUnit.SECONDS)) {
                    LOG.debug("trying again to find addresses for tunnels");
                }
                wanted.drainPermits();
                isDone = attempt();
            }
        } catch (InterruptedException e) {
            LOG.debug("tunnel addresses are not looked after any more");
        }
    }

    private boolean attempt() {
        try {
            look();
            reported = null;
            return true;
        } catch (RuntimeException e) {
            String reason = String.valueOf(e.getMessage());
            if (!reason.equals(reported)) {
                LOG.warn("this host has not all addresses for its tunnels, trying again: {}", reason);
            }
            reported = reason;
            return false;
        }
    }

    /**
     * Brings the addresses to what the pools ask for.
     *
     * @throws IllegalStateException if all pools of a kind are full
     */
    void look() {
        List<IpPool> pools = store.pools().list().values();
        lookAtIpIp(pools);
        lookAtVxlan(pools);
    }

    private void lookAtIpIp(List<IpPool> pools) {
        Optional<IpAddress> before = store.config().findHost(host, IPIP).flatMap(IpAddress::tryParse);
        Optional<IpAddress> now =
                keepOrAssign(IpVersion.V4, "ipip", pool -> pool.ipip().isPresent(), pools, before);
        if (now.isEmpty()) {
            store.config().removeHost(host, IPIP);
        } else if (!now.equals(before)) {
            store.config().setHost(host, IPIP, now.get().toString());
            LOG.info("this host's address for IP-in-IP is {}", now.get());
        }
    }

    private void lookAtVxlan(List<IpPool> pools) {
        Optional<VxlanTunnel> before = findVxlan();
        Predicate<IpPool> hasVxlan = pool -> pool.vxlan().isPresent();
        Optional<IpAddress> ipv4 =
                keepOrAssign(IpVersion.V4, "vxlan", hasVxlan, pools, before.flatMap(VxlanTunnel::ipv4));
        Optional<IpAddress> ipv6 =
                keepOrAssign(IpVersion.V6, "vxlan", hasVxlan, pools, before.flatMap(VxlanTunnel::ipv6));
        Optional<Node> node = store.nodes().find(host);
        Optional<IpAddress> address = node.flatMap(Node::ipv4).or(() -> node.flatMap(Node::ipv6));
        if (ipv4.isEmpty() && ipv6.isEmpty() || address.isEmpty()) {
            store.vxlanTunnels().delete(host);
            return;
        }
        VxlanTunnel.Builder tunnel =
                VxlanTunnel.builder().ipv4(ipv4).ipv6(ipv6).mac(macOf(host)).host(address.get());
        before.ifPresent(old -> tunnel.otherFields(old.otherFields()));
        VxlanTunnel now = tunnel.build();
        if (!before.equals(Optional.of(now))) {
            store.vxlanTunnels().put(host, now);
            LOG.info("this host's end of the VXLAN tunnel is {}", now.toJson());
        }
    }

    private Optional<VxlanTunnel> findVxlan() {
        try {
            return store.vxlanTunnels().find(host);
        } catch (BadRecordException e) {
            LOG.warn("written anew: {}", e.getMessage());
            return Optional.empty();
        }
    }

    private Optional<IpAddress> keepOrAssign(
            IpVersion version,
            String kind,
            Predicate<IpPool> isOfKind,
            List<IpPool> pools,
            Optional<IpAddress> before) {
        List<IpPool> ofKind = pools.stream()
                .filter(pool -> pool.cidr().version() == version && isOfKind.test(pool))
                .toList();
        Owner owner = new Owner(host, OWNER_KIND, Optional.of(kind));
        if (before.isPresent()) {
            if (contains(ofKind, before.get()) && isStillOurs(before.get(), owner)) {
                return before;
            }
            if (contains(pools, before.get())) {
                release(before.get(), owner);
            }
        }
        return ofKind.isEmpty() ? Optional.empty() : Optional.of(assign(version, ofKind, owner));
    }

    private static boolean contains(List<IpPool> pools, IpAddress address) {
        return pools.stream().anyMatch(pool -> pool.cidr().contains(address));
    }

    /** Assigned to nobody is ours again; one that another node daemon assigned, without an owner, is, too. */
    private boolean isStillOurs(IpAddress address, Owner owner) {
        Optional<AddressInfo> info = allocator.info(address);
        if (info.isPresent()) {
            return isOf(info.get(), owner);
        }
        try {
            allocator.assign(address, AssignOptions.builder().owner(owner).build());
            return true;
        } catch (IpamException.PoolNotFound | IpamException.AlreadyAssigned | IpamException.NoHostAffinity e) {
            LOG.info("address {} of a tunnel cannot be kept: {}", address, e.getMessage());
            return false;
        }
    }

    private static boolean isOf(AddressInfo info, Owner owner) {
        return info.owner().map(owner::equals).orElse(info.handle().isEmpty());
    }

    private void release(IpAddress address, Owner owner) {
        Optional<AddressInfo> info = allocator.info(address).filter(found -> isOf(found, owner));
        if (info.isPresent()) {
            allocator.release(List.of(
                    info.get().owner().isPresent()
                            ? ReleaseRequest.of(address, owner)
                            : ReleaseRequest.of(address, "")));
            LOG.info("address {} of a tunnel is released", address);
        }
    }

    private IpAddress assign(IpVersion version, List<IpPool> pools, Owner owner) {
        Optional<IpAddress> left = allocator.addressesOwnedOn(host).stream()
                .filter(info -> info.owner().equals(Optional.of(owner)))
                .map(AddressInfo::address)
                .filter(address -> contains(pools, address))
                .findFirst();
        if (left.isPresent()) {
            return left.get();
        }
        AssignRequest.Builder request = AssignRequest.builder().owner(owner);
        pools.stream()
                .filter(pool -> pool.ipam() && !pool.disabled())
                .map(IpPool::cidr)
                .forEach(version == IpVersion.V4 ? request::addPools4 : request::addPools6);
        AssignResult result =
                allocator.autoAssign((version == IpVersion.V4 ? request.num4(1) : request.num6(1)).build());
        return result.addresses().stream()
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("all pools with "
                        + owner.id().orElse("") + " are full: "
                        + pools.stream().map(pool -> pool.cidr().toString()).toList()));
    }

    /** {@code 66} and five bytes of the name's SHA-256: locally administered, unicast, and the same after a loss of all data. */
    static MacAddress macOf(String host) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(host.getBytes(StandardCharsets.UTF_8));
            long bits = 0x66;
            for (int i = 0; i < 5; i++) {
                bits = bits << 8 | hash[i] & 0xff;
            }
            return MacAddress.of(bits);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Ends the thread; the addresses stay. Idempotent. */
    @Override
    public void close() {
        syncer.close();
        thread.interrupt();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
