package io.calico.dataplane.linux.nft;

import io.calico.dataplane.linux.nft.NftCommand.AddChain;
import io.calico.dataplane.linux.nft.NftCommand.AddElements;
import io.calico.dataplane.linux.nft.NftCommand.AddRule;
import io.calico.dataplane.linux.nft.NftCommand.AddSet;
import io.calico.dataplane.linux.nft.NftCommand.AddTable;
import io.calico.dataplane.linux.nft.NftCommand.DeleteChain;
import io.calico.dataplane.linux.nft.NftCommand.DeleteElements;
import io.calico.dataplane.linux.nft.NftCommand.DeleteSet;
import io.calico.dataplane.linux.nft.NftCommand.DeleteTable;
import io.calico.dataplane.linux.nft.NftCommand.FlushChain;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Commands on {@code table inet calico} that take effect together or not at all. Immutable.
 *
 * @param commands in the order in which they are carried out
 */
public record NftTransaction(List<NftCommand> commands) {
    public NftTransaction {
        commands = List.copyOf(commands);
    }

    /** Whether there is nothing to do. */
    public boolean isEmpty() {
        return commands.isEmpty();
    }

    /** The transaction as input for {@code nft -f -}, one command a line. */
    public String text() {
        return NftText.of(this);
    }

    @Override
    public String toString() {
        return text();
    }

    /** A builder without commands. */
    static Builder builder() {
        return new Builder();
    }

    /** Collects commands in order. */
    static final class Builder {
        private final List<NftCommand> commands = new ArrayList<>();

        private Builder() {}

        void add(NftCommand command) {
            commands.add(command);
        }

        void addTable() {
            commands.add(new AddTable());
        }

        void deleteTable() {
            commands.add(new DeleteTable());
        }

        void addSet(String name, SetType type) {
            commands.add(new AddSet(name, type));
        }

        void deleteSet(String name) {
            commands.add(new DeleteSet(name));
        }

        /** Adds nothing if there are no elements. */
        void addElements(String set, Collection<Element> elements) {
            if (!elements.isEmpty()) {
                commands.add(new AddElements(set, List.copyOf(elements)));
            }
        }

        /** Adds nothing if there are no elements. */
        void deleteElements(String set, Collection<Element> elements) {
            if (!elements.isEmpty()) {
                commands.add(new DeleteElements(set, List.copyOf(elements)));
            }
        }

        void addBaseChain(String name, Hook hook) {
            commands.add(new AddChain(name, Optional.of(hook)));
        }

        void addChain(String name) {
            commands.add(new AddChain(name, Optional.empty()));
        }

        void flushChain(String name) {
            commands.add(new FlushChain(name));
        }

        /** Flushes and deletes. */
        void removeChain(String name) {
            flushChain(name);
            deleteChain(name);
        }

        void deleteChain(String name) {
            commands.add(new DeleteChain(name));
        }

        void addRules(String chain, List<Rule> rules) {
            rules.forEach(rule -> commands.add(new AddRule(chain, rule)));
        }

        NftTransaction build() {
            return new NftTransaction(commands);
        }
    }
}
