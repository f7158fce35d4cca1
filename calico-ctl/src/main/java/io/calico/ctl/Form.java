package io.calico.ctl;

/**
 * One form of a command: what it looks like and what it does.
 *
 * @param usage what follows the command's name
 */
record Form(UsageLine usage, Action action) {
    /** Carries out a command. */
    @FunctionalInterface
    interface Action {
        /**
         * Does what was asked and says so.
         *
         * @throws CommandFailure if it cannot
         */
        ExitStatus run(Arguments arguments, Session session);
    }

    static Form of(String usage, Action action) {
        return new Form(UsageLine.of(usage), action);
    }
}
