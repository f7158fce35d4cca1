package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.testkit.ForwardingDatastore;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One fault built into the allocator without compiling it anew: of every transaction of a kind, one kind of compare is left
 * out on the way to the store. While {@link #current} is set, every allocator that tests make has it.
 */
record Mutation(Kind kind, What what) {
    /** The mutation in force; null: none. Tests run one after the other. */
    static volatile Mutation current;

    /** What a transaction is for, as it can be told from its keys. */
    enum Kind {
        CLAIM,
        RECLAIM,
        ASSIGN,
        RELEASE,
        AFFINITY_RELEASE,
        ROW_CLEANUP,
        BIND,
        OTHER
    }

    /** Which compares. */
    enum What {
        /** Blocks that are written. */
        BLOCK,
        /** Blocks that are only compared. */
        OTHER_BLOCK,
        ROW,
        HANDLE,
        POOL,
        CONFIG,
        /** All of them. */
        ALL
    }

    /** The store as an allocator with the mutation in force sees it. */
    static Datastore through(Datastore store) {
        Mutation mutation = current;
        return mutation == null ? store : new Mutated(store, mutation);
    }

    static Kind kindOf(Transaction transaction) {
        boolean pool = false;
        boolean config = false;
        boolean rowPut = false;
        boolean rowDeleted = false;
        boolean block = false;
        boolean blockCreated = false;
        boolean handle = false;
        Set<String> absent = transaction.compares().stream()
                .filter(c -> c.modRevision() == 0)
                .map(Transaction.Compare::key)
                .collect(Collectors.toSet());
        for (Transaction.Compare compare : transaction.compares()) {
            StoreKey key = Keys.parse(compare.key());
            pool |= key instanceof StoreKey.Pool;
            config |= key instanceof StoreKey.IpamConfig;
            handle |= key instanceof StoreKey.Handle;
        }
        for (Transaction.Write write : transaction.writes()) {
            StoreKey key = Keys.parse(write.key());
            if (key instanceof StoreKey.Affinity) {
                rowPut |= write.value().isPresent();
                rowDeleted |= write.value().isEmpty();
            } else if (key instanceof StoreKey.Block) {
                block = true;
                blockCreated |= absent.contains(write.key());
            }
        }
        if (pool) {
            return rowDeleted ? Kind.RECLAIM : blockCreated ? Kind.CLAIM : Kind.ASSIGN;
        }
        if (rowDeleted) {
            return block ? Kind.AFFINITY_RELEASE : Kind.ROW_CLEANUP;
        }
        if (config && (block || handle) && !rowPut) {
            return Kind.RELEASE;
        }
        return block ? Kind.BIND : Kind.OTHER;
    }

    Transaction applyTo(Transaction transaction) {
        if (kindOf(transaction) != kind) {
            return transaction;
        }
        Set<String> written =
                transaction.writes().stream().map(Transaction.Write::key).collect(Collectors.toSet());
        List<Transaction.Compare> left = transaction.compares().stream()
                .filter(c -> what != What.ALL && whatOf(c.key(), written) != what)
                .toList();
        return new Transaction(left, transaction.writes(), transaction.elseReads());
    }

    private static What whatOf(String path, Set<String> written) {
        StoreKey key = Keys.parse(path);
        if (key instanceof StoreKey.Block) {
            return written.contains(path) ? What.BLOCK : What.OTHER_BLOCK;
        }
        return key instanceof StoreKey.Affinity
                ? What.ROW
                : key instanceof StoreKey.Handle ? What.HANDLE : key instanceof StoreKey.Pool ? What.POOL : What.CONFIG;
    }

    private static final class Mutated extends ForwardingDatastore {
        private final Mutation mutation;

        private Mutated(Datastore store, Mutation mutation) {
            super(store);
            this.mutation = mutation;
        }

        @Override
        public TransactionResult commit(Transaction transaction) {
            return super.commit(mutation.applyTo(transaction));
        }
    }
}
