package io.calico.dataplane.linux.netlink;

/**
 * The kernel refused a request, or did not answer it as the protocol demands. Says what was attempted, on what, and why
 * not: {@code add route 10.65.0.2/32 dev 7 proto 80: ENETDOWN (Network is down): Nexthop device is not up}.
 */
public final class NetlinkException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String operation;
    private final String object;
    private final int errno;

    private NetlinkException(String operation, String object, int errno, String message) {
        super(message);
        this.operation = operation;
        this.object = object;
        this.errno = errno;
    }

    /** The kernel answered with an error number; {@code kernelText} is its extended acknowledgement, empty if none. */
    static NetlinkException refused(String operation, String object, int errno, String kernelText) {
        String usual = Errno.textOf(errno);
        String message = operation + " " + object + ": " + Errno.nameOf(errno)
                + (usual.isEmpty() ? "" : " (" + usual + ")")
                + (kernelText.isEmpty() ? "" : ": " + kernelText);
        return new NetlinkException(operation, object, errno, message);
    }

    /** What the kernel sent is not what the protocol says; the effect of the request is unknown. */
    static NetlinkException broken(String operation, String object, String what) {
        return new NetlinkException(
                operation, object, Errno.EPROTO.number(), operation + " " + object + ": EPROTO: " + what);
    }

    /** What was attempted, for example {@code add route}. */
    public String operation() {
        return operation;
    }

    /** On what, for example {@code 10.65.0.2/32 dev 7}. */
    public String object() {
        return object;
    }

    /** The kernel's error number, positive; EPROTO if the answer itself was not understood. */
    public int errno() {
        return errno;
    }

    /** The error number's name, for example {@code ENODEV}. */
    public String errnoName() {
        return Errno.nameOf(errno);
    }

    /** Whether the kernel called the request itself wrong. */
    public boolean isInvalid() {
        return errno == Errno.EINVAL.number();
    }

    /** Whether the kernel's answer did not come or was not understood: the effect is unknown. */
    public boolean isUnanswered() {
        return errno == Errno.EPROTO.number();
    }

    /** Whether what was to be changed or removed is not there: link, address, route or neighbour. */
    public boolean isAbsent() {
        return errno == Errno.ENODEV.number()
                || errno == Errno.ENOENT.number()
                || errno == Errno.ESRCH.number()
                || errno == Errno.ENXIO.number()
                || errno == Errno.EADDRNOTAVAIL.number();
    }

    /** Whether what was to be added is there already. */
    public boolean isPresent() {
        return errno == Errno.EEXIST.number();
    }

    /** Whether the process lacks CAP_NET_ADMIN in the namespace. */
    public boolean isNotPermitted() {
        return errno == Errno.EPERM.number() || errno == Errno.EACCES.number();
    }
}
