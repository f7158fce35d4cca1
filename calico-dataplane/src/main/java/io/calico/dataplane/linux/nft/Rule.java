package io.calico.dataplane.linux.nft;

import io.calico.dataplane.linux.nft.Statement.Compare;
import io.calico.dataplane.linux.nft.Statement.Count;
import io.calico.dataplane.linux.nft.Statement.Decide;
import io.calico.dataplane.linux.nft.Statement.InSet;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * One rule of a chain. Immutable.
 *
 * @param statements in order of evaluation
 * @param comment shown to operators; empty for none; up to 100 characters of {@code A-Z a-z 0-9 space _ . : -}
 */
public record Rule(List<Statement> statements, String comment) {
    private static final Pattern COMMENT = Pattern.compile("[A-Za-z0-9 _.:-]{0,100}");

    public Rule {
        statements = List.copyOf(statements);
        if (!COMMENT.matcher(comment).matches()) {
            throw new IllegalArgumentException(
                    "comment '" + comment + "' is not up to 100 of A-Z a-z 0-9 space _ . : -");
        }
    }

    /** A builder for a rule without statements. */
    static Builder when() {
        return new Builder();
    }

    /** Puts statements after each other; a verdict, or a statement that is the last by its nature, makes the rule. */
    static final class Builder {
        private final List<Statement> statements = new ArrayList<>();

        private Builder() {}

        Builder is(Field field, Datum... values) {
            return and(new Compare(field, false, List.of(values)));
        }

        Builder isNot(Field field, Datum... values) {
            return and(new Compare(field, true, List.of(values)));
        }

        Builder in(String set, Field... fields) {
            return and(new InSet(List.of(fields), false, set));
        }

        Builder notIn(String set, Field... fields) {
            return and(new InSet(List.of(fields), true, set));
        }

        Builder and(Statement statement) {
            statements.add(statement);
            return this;
        }

        Rule then(NftVerdict verdict) {
            return and(new Decide(verdict)).end();
        }

        /** Counts, with words for whoever reads the counter, and drops. */
        Rule countedDrop(String comment) {
            and(new Count()).and(new Decide(NftVerdict.DROP));
            return new Rule(statements, comment);
        }

        Rule end() {
            return new Rule(statements, "");
        }
    }
}
