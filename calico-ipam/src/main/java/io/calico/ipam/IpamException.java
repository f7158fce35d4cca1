package io.calico.ipam;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An allocator call failed. One subtype for each decision that a caller can take. What a call did before it failed stays
 * done: {@link #assigned} and {@link #released} say what that is.
 */
public abstract sealed class IpamException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private transient List<IpAddress> assigned = List.of();
    private transient List<IpAddress> released = List.of();

    private IpamException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** Addresses that the failed call has assigned; they are the caller's, to use or to release. */
    public List<IpAddress> assigned() {
        return assigned;
    }

    /** Addresses that the failed call has released. */
    public List<IpAddress> released() {
        return released;
    }

    /** The same failure for another caller, with a stack trace of its own. */
    IpamException again() {
        return this;
    }

    IpamException withAssigned(List<IpAddress> addresses) {
        assigned = List.copyOf(addresses);
        return this;
    }

    IpamException withReleased(List<IpAddress> addresses) {
        released = List.copyOf(addresses);
        return this;
    }

    /** A pool asked for does not exist or is not enabled, an address is in no such pool, or there is no pool at all. */
    public static final class PoolNotFound extends IpamException {
        private static final long serialVersionUID = 1L;

        PoolNotFound(String message) {
            super(message, null);
        }
    }

    /** The address is assigned already (or cooling down, or kept back). */
    public static final class AlreadyAssigned extends IpamException {
        private static final long serialVersionUID = 1L;
        private final transient IpAddress address;

        AlreadyAssigned(IpAddress address) {
            super("address " + address + " is already assigned", null);
            this.address = address;
        }

        public IpAddress address() {
            return address;
        }
    }

    /** Affinity is strict and the address lies in a block that does not belong to this host. */
    public static final class NoHostAffinity extends IpamException {
        private static final long serialVersionUID = 1L;
        private final transient Cidr block;

        NoHostAffinity(Cidr block, String host) {
            super("block " + block + " does not belong to host " + host + " and strict affinity is enabled", null);
            this.block = block;
        }

        public Cidr block() {
            return block;
        }
    }

    /** The host owns as many blocks as it may, and they do not have enough free addresses. */
    public static final class BlockLimit extends IpamException {
        private static final long serialVersionUID = 1L;
        private final int limit;

        BlockLimit(int limit) {
            super(
                    "Need to allocate an IPAM block but could not - limit of " + limit
                            + " blocks reached for this node",
                    null);
            this.limit = limit;
        }

        public int limit() {
            return limit;
        }
    }

    /** A range is smaller than the blocks of its pool. */
    public static final class InvalidSize extends IpamException {
        private static final long serialVersionUID = 1L;

        InvalidSize(Cidr range) {
            super("The requested CIDR (" + range + ") is smaller than the minimum.", null);
        }
    }

    /** A block that was to be given back only if it is empty holds addresses. */
    public static final class BlockNotEmpty extends IpamException {
        private static final long serialVersionUID = 1L;
        private final transient Cidr block;

        BlockNotEmpty(Cidr block) {
            super("block " + block + " is not empty", null);
            this.block = block;
        }

        public Cidr block() {
            return block;
        }
    }

    /** Settings that cannot be in force at the same time, or are out of range; nothing was changed. */
    public static final class ConfigConflict extends IpamException {
        private static final long serialVersionUID = 1L;

        ConfigConflict(String message) {
            super(message, null);
        }
    }

    /** No address has that handle. */
    public static final class HandleNotFound extends IpamException {
        private static final long serialVersionUID = 1L;
        private final String handle;

        HandleNotFound(String handle) {
            super("handle '" + handle + "' does not exist: no address is assigned with it", null);
            this.handle = handle;
        }

        public String handle() {
            return handle;
        }
    }

    /** An address to release has been released and assigned anew since the caller looked; it was left alone. */
    public static final class StaleRelease extends IpamException {
        private static final long serialVersionUID = 1L;
        private final transient IpAddress address;
        private final String expected;
        private final String given;

        StaleRelease(IpAddress address, String what, String expected, String given) {
            super(
                    "address %s was not released: its %s is now %s, the request says %s"
                            .formatted(address, what, expected, given),
                    null);
            this.address = address;
            this.expected = expected;
            this.given = given;
        }

        public IpAddress address() {
            return address;
        }

        /** What the allocation has now: its sequence number or its handle. */
        public String expected() {
            return expected;
        }

        /** What the request gave instead. */
        public String given() {
            return given;
        }
    }

    /** A record of the allocator (a block, most likely) is damaged; it was left as it is. */
    public static final class CorruptBlock extends IpamException {
        private static final long serialVersionUID = 1L;
        private final String key;

        CorruptBlock(String key, String reason) {
            super("record " + key + " is damaged and was left alone: " + reason, null);
            this.key = key;
        }

        /** Key of the damaged record. */
        public String key() {
            return key;
        }
    }

    /** The datastore cannot be used now; what was not reported as done was not done. */
    public static final class DatastoreUnavailable extends IpamException {
        private static final long serialVersionUID = 1L;

        DatastoreUnavailable(String message, Throwable cause) {
            super(message, cause);
        }

        @Override
        IpamException again() {
            Throwable cause = getCause();
            return new DatastoreUnavailable(String.valueOf(getMessage()), cause == null ? this : cause);
        }
    }

    /** A write was sent, its answer lost, and up to the deadline it could not be found out what became of it. */
    public static final class OutcomeUnknown extends IpamException {
        private static final long serialVersionUID = 1L;

        OutcomeUnknown(String message, @Nullable Throwable cause) {
            super(message, cause);
        }

        @Override
        IpamException again() {
            return new OutcomeUnknown(String.valueOf(getMessage()), getCause());
        }
    }

    /** The call took longer than it may, or its thread was interrupted (then the thread's interrupt flag is set). */
    public static final class DeadlineExceeded extends IpamException {
        private static final long serialVersionUID = 1L;

        DeadlineExceeded(String message, @Nullable Throwable cause) {
            super(message, cause);
        }

        @Override
        IpamException again() {
            return new DeadlineExceeded(String.valueOf(getMessage()), getCause());
        }
    }
}
