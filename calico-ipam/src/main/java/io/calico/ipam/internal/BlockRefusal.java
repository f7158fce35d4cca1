package io.calico.ipam.internal;

import io.calico.model.net.IpAddress;

/** A block cannot do what was asked; it is unchanged. */
public abstract sealed class BlockRefusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private BlockRefusal(String message) {
        super(message);
    }

    /** The block belongs to another host, or to none, and the request insists on its own. */
    public static final class NoHostAffinity extends BlockRefusal {
        private static final long serialVersionUID = 1L;

        NoHostAffinity(String message) {
            super(message);
        }
    }

    /** The address is taken: assigned, cooling down or kept back for the host. */
    public static final class AlreadyAssigned extends BlockRefusal {
        private static final long serialVersionUID = 1L;

        AlreadyAssigned(String message) {
            super(message);
        }
    }

    /** The allocation is another one than the request means. */
    public static final class Stale extends BlockRefusal {
        private static final long serialVersionUID = 1L;
        private final transient IpAddress address;
        private final String what;
        private final String expected;
        private final String given;

        Stale(IpAddress address, String what, String expected, String given) {
            super(address + ": " + what + " is " + expected + ", not " + given);
            this.address = address;
            this.what = what;
            this.expected = expected;
            this.given = given;
        }

        public IpAddress address() {
            return address;
        }

        /** {@code sequence number}, {@code handle} or {@code owner}. */
        public String what() {
            return what;
        }

        /** What the allocation has. */
        public String expected() {
            return expected;
        }

        /** What the request has. */
        public String given() {
            return given;
        }
    }
}
