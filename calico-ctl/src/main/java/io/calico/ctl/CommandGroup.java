package io.calico.ctl;

import java.util.List;
import java.util.Map;

/** A command and its forms: {@code pool add …}, {@code pool show …}. Immutable. */
interface CommandGroup {
    /** The word after {@code calicoctl}. */
    String name();

    /** One line for the list of commands. */
    String summary();

    /** Every form; arguments are matched against them in this order. */
    List<Form> forms();

    /** For every option that some form shows: what it does, for the help text. */
    Map<String, String> optionDescriptions();

    /** More lines for the end of the help text; empty if there is no more to say. */
    default List<String> notes() {
        return List.of();
    }
}
