package io.calico.ctl;

/** How a command ended, as the shell sees it. */
enum ExitStatus {
    /** Things are now as asked. */
    DONE(0),
    /** Things are not as asked: refused, not found, a bad value, or the datastore failed. */
    FAILED(1),
    /** The arguments fit no form of the command, or an environment variable is bad; nothing was done. */
    USAGE(2),
    /** The command needs root. */
    NOT_ROOT(3);

    private final int code;

    ExitStatus(int code) {
        this.code = code;
    }

    /** The process's exit code. */
    int code() {
        return code;
    }
}
