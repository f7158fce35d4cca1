package io.calico.dataplane.linux.nft;

import java.util.List;
import java.util.Optional;

/** One step of a transaction on the table. Immutable. */
public sealed interface NftCommand {
    /** Asks the visitor about this kind of command. */
    <R> R accept(Visitor<R> visitor);

    /**
     * A meaning of commands; no defaults, so that a new kind breaks every writer at compile time.
     *
     * @param <R> what the visitor makes of a command
     */
    interface Visitor<R> {
        /** The table exists afterwards; nothing happens if it did. */
        R addTable();

        /** The table and all in it are gone afterwards; refused if there is none. */
        R deleteTable();

        /** The set or map exists afterwards; refused if there is one of that name with another type. */
        R addSet(String name, SetType type);

        /** The set or map is gone afterwards; refused if there is none or a rule uses it. */
        R deleteSet(String name);

        /** The elements are in the set afterwards; refused if a key is there with another value. */
        R addElements(String set, List<Element> elements);

        /** The elements are not in the set afterwards; refused if one was not before. */
        R deleteElements(String set, List<Element> elements);

        /** The chain exists afterwards; nothing happens if it did. */
        R addChain(String name, Optional<Hook> hook);

        /** The chain has no rules afterwards; refused if there is no such chain. */
        R flushChain(String name);

        /** The chain is gone afterwards; refused if it has rules or something leads to it. */
        R deleteChain(String name);

        /** The rule is the chain's last one afterwards; refused if the chain or something it names is not there. */
        R addRule(String chain, Rule rule);
    }

    /** See {@link Visitor#addTable}. */
    record AddTable() implements NftCommand {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.addTable();
        }
    }

    /** See {@link Visitor#deleteTable}. */
    record DeleteTable() implements NftCommand {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.deleteTable();
        }
    }

    /** See {@link Visitor#addSet}. */
    record AddSet(String name, SetType type) implements NftCommand {
        public AddSet {
            NftNames.requireValid("set", name);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.addSet(name, type);
        }
    }

    /** See {@link Visitor#deleteSet}. */
    record DeleteSet(String name) implements NftCommand {
        public DeleteSet {
            NftNames.requireValid("set", name);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.deleteSet(name);
        }
    }

    /** See {@link Visitor#addElements}. */
    record AddElements(String set, List<Element> elements) implements NftCommand {
        public AddElements {
            NftNames.requireValid("set", set);
            elements = List.copyOf(elements);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.addElements(set, elements);
        }
    }

    /** See {@link Visitor#deleteElements}. */
    record DeleteElements(String set, List<Element> elements) implements NftCommand {
        public DeleteElements {
            NftNames.requireValid("set", set);
            elements = List.copyOf(elements);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.deleteElements(set, elements);
        }
    }

    /** See {@link Visitor#addChain}. */
    record AddChain(String name, Optional<Hook> hook) implements NftCommand {
        public AddChain {
            NftNames.requireValid("chain", name);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.addChain(name, hook);
        }
    }

    /** See {@link Visitor#flushChain}. */
    record FlushChain(String name) implements NftCommand {
        public FlushChain {
            NftNames.requireValid("chain", name);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.flushChain(name);
        }
    }

    /** See {@link Visitor#deleteChain}. */
    record DeleteChain(String name) implements NftCommand {
        public DeleteChain {
            NftNames.requireValid("chain", name);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.deleteChain(name);
        }
    }

    /** See {@link Visitor#addRule}. */
    record AddRule(String chain, Rule rule) implements NftCommand {
        public AddRule {
            NftNames.requireValid("chain", chain);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.addRule(chain, rule);
        }
    }
}
