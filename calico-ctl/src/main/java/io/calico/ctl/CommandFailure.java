package io.calico.ctl;

/** Ends a command: with this status, after this message. */
final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final ExitStatus status;
    private final boolean onStandardError;

    private CommandFailure(ExitStatus status, String message, boolean onStandardError) {
        super(message);
        this.status = status;
        this.onStandardError = onStandardError;
    }

    /** The command cannot do what was asked; the message is part of its normal output. */
    static CommandFailure refused(String message) {
        return new CommandFailure(ExitStatus.FAILED, message, false);
    }

    /** The command cannot do what was asked, and has said why. */
    static CommandFailure silent() {
        return new CommandFailure(ExitStatus.FAILED, "", false);
    }

    /** Something the command needs does not work; the message is an error line on standard error. */
    static CommandFailure error(String message) {
        return new CommandFailure(ExitStatus.FAILED, "Error: " + message, true);
    }

    /** The arguments fit no form. */
    static CommandFailure usage(String message) {
        return new CommandFailure(ExitStatus.USAGE, message, true);
    }

    static CommandFailure notRoot(String message) {
        return new CommandFailure(ExitStatus.NOT_ROOT, message, true);
    }

    ExitStatus status() {
        return status;
    }

    boolean isOnStandardError() {
        return onStandardError;
    }

    /** The text to show; empty if everything has been said already. */
    String text() {
        String message = getMessage();
        return message == null ? "" : message;
    }
}
