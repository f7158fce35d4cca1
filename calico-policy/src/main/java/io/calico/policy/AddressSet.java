package io.calico.policy;

import io.calico.model.net.IpAddress;
import java.util.AbstractSet;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * An immutable set of addresses, iterated in ascending order. Adding or removing one address of n costs O(log n) and
 * shares the rest with the set it was made from; so do the {@link #changesSince changes} between a set and its
 * successor, however large the two are. A tag with 100,000 members of which one moves costs the one.
 *
 * <p>It is a treap: a search tree by address which is at the same time a heap by a hash of the address.
 *
 * <pre>
 *                10.0.0.7 (hash 91)
 *               /                  \
 *     10.0.0.2 (hash 80)     10.0.0.9 (hash 64)
 * </pre>
 *
 * Since the hash follows from the address, the same members always give the same tree, whatever the order in which they
 * came: two sets are compared node by node, and a subtree that is the same instance in both is not looked at.
 */
public final class AddressSet extends AbstractSet<IpAddress> {
    private static final AddressSet EMPTY = new AddressSet(null);

    private final @Nullable Node root;

    private AddressSet(@Nullable Node root) {
        this.root = root;
    }

    /** The set without members. */
    public static AddressSet empty() {
        return EMPTY;
    }

    /** The set of these addresses; repetitions count once. */
    public static AddressSet of(IpAddress... addresses) {
        return copyOf(List.of(addresses));
    }

    /** The set of these addresses; repetitions count once. */
    public static AddressSet copyOf(Collection<IpAddress> addresses) {
        if (addresses instanceof AddressSet set) {
            return set;
        }
        Node root = built(addresses.stream().distinct().sorted().toList());
        return root == null ? EMPTY : new AddressSet(root);
    }

    /** Builds in linear time, along the right edge: a node is finished when one that is above it comes after it. */
    private static @Nullable Node built(List<IpAddress> ascending) {
        Deque<Node> edge = new ArrayDeque<>();
        for (IpAddress address : ascending) {
            Node leaf = Node.leaf(address);
            Node below = null;
            for (Node last = edge.peek(); last != null && leaf.isAbove(last); last = edge.peek()) {
                below = last.with(last.left, below);
                edge.pop();
            }
            edge.push(leaf.with(below, null));
        }
        Node tree = null;
        for (Node last : edge) {
            tree = last.with(last.left, tree);
        }
        return tree;
    }

    /** This set and the address; this very instance if it is a member already. */
    public AddressSet with(IpAddress address) {
        return contains(address) ? this : new AddressSet(insert(root, Node.leaf(address)));
    }

    /** This set without the address; this very instance if it is no member. */
    public AddressSet without(IpAddress address) {
        if (!contains(address)) {
            return this;
        }
        Node rest = delete(root, address);
        return rest == null ? EMPTY : new AddressSet(rest);
    }

    /** What must be added to {@code before} and removed from it to get this set; both ascending. */
    public Changes changesSince(AddressSet before) {
        List<IpAddress> added = new ArrayList<>();
        List<IpAddress> removed = new ArrayList<>();
        collectChanges(before.root, root, added, removed);
        return new Changes(added, removed);
    }

    /**
     * The difference between two sets.
     *
     * @param added members of the later set only, ascending
     * @param removed members of the earlier set only, ascending
     */
    public record Changes(List<IpAddress> added, List<IpAddress> removed) {
        public Changes {
            added = List.copyOf(added);
            removed = List.copyOf(removed);
        }

        /** Whether the two sets have the same members. */
        public boolean isEmpty() {
            return added.isEmpty() && removed.isEmpty();
        }
    }

    @Override
    public int size() {
        return size(root);
    }

    @Override
    public boolean contains(@Nullable Object member) {
        if (!(member instanceof IpAddress address)) {
            return false;
        }
        Node node = root;
        while (node != null) {
            int order = address.compareTo(node.address);
            if (order == 0) {
                return true;
            }
            node = order < 0 ? node.left : node.right;
        }
        return false;
    }

    @Override
    public Iterator<IpAddress> iterator() {
        return new Ascending(root);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AddressSet that ? sameTree(root, that.root) : super.equals(other);
    }

    @Override
    public int hashCode() {
        return super.hashCode();
    }

    private static int size(@Nullable Node node) {
        return node == null ? 0 : node.size;
    }

    private static boolean sameTree(@Nullable Node a, @Nullable Node b) {
        if (a == b) {
            return true;
        }
        return a != null
                && b != null
                && a.size == b.size
                && a.address.equals(b.address)
                && sameTree(a.left, b.left)
                && sameTree(a.right, b.right);
    }

    private static Node insert(@Nullable Node tree, Node leaf) {
        if (tree == null) {
            return leaf;
        }
        if (leaf.isAbove(tree)) {
            return leaf.with(before(tree, leaf.address), after(tree, leaf.address));
        }
        return leaf.address.compareTo(tree.address) < 0
                ? tree.with(insert(tree.left, leaf), tree.right)
                : tree.with(tree.left, insert(tree.right, leaf));
    }

    private static @Nullable Node delete(@Nullable Node tree, IpAddress address) {
        if (tree == null) {
            return null;
        }
        int order = address.compareTo(tree.address);
        if (order == 0) {
            return joined(tree.left, tree.right);
        }
        return order < 0
                ? tree.with(delete(tree.left, address), tree.right)
                : tree.with(tree.left, delete(tree.right, address));
    }

    /** The tree of both, all of {@code low} being before all of {@code high}. */
    private static @Nullable Node joined(@Nullable Node low, @Nullable Node high) {
        if (low == null) {
            return high;
        }
        if (high == null) {
            return low;
        }
        return low.isAbove(high)
                ? low.with(low.left, joined(low.right, high))
                : high.with(joined(low, high.left), high.right);
    }

    /** The members of the tree before the address. */
    private static @Nullable Node before(@Nullable Node tree, IpAddress address) {
        if (tree == null) {
            return null;
        }
        return tree.address.compareTo(address) < 0
                ? tree.with(tree.left, before(tree.right, address))
                : before(tree.left, address);
    }

    /** The members of the tree after the address. */
    private static @Nullable Node after(@Nullable Node tree, IpAddress address) {
        if (tree == null) {
            return null;
        }
        return tree.address.compareTo(address) > 0
                ? tree.with(after(tree.left, address), tree.right)
                : after(tree.right, address);
    }

    /** Walks both trees at once; whichever root is above cuts the other tree in two, so that the order is ascending. */
    private static void collectChanges(
            @Nullable Node old, @Nullable Node now, List<IpAddress> added, List<IpAddress> removed) {
        if (old == now) {
            return;
        }
        if (old == null) {
            new Ascending(now).forEachRemaining(added::add);
        } else if (now == null) {
            new Ascending(old).forEachRemaining(removed::add);
        } else if (old.address.equals(now.address)) {
            collectChanges(old.left, now.left, added, removed);
            collectChanges(old.right, now.right, added, removed);
        } else if (old.isAbove(now)) {
            collectChanges(old.left, before(now, old.address), added, removed);
            removed.add(old.address);
            collectChanges(old.right, after(now, old.address), added, removed);
        } else {
            collectChanges(before(old, now.address), now.left, added, removed);
            added.add(now.address);
            collectChanges(after(old, now.address), now.right, added, removed);
        }
    }

    private static final class Node {
        final IpAddress address;
        final long rank;
        final @Nullable Node left;
        final @Nullable Node right;
        final int size;

        private Node(IpAddress address, long rank, @Nullable Node left, @Nullable Node right) {
            this.address = address;
            this.rank = rank;
            this.left = left;
            this.right = right;
            this.size = 1 + AddressSet.size(left) + AddressSet.size(right);
        }

        static Node leaf(IpAddress address) {
            return new Node(address, scattered(address.low() + scattered(address.high())), null, null);
        }

        /** Neighbouring addresses must get unrelated ranks, or the tree becomes a list (SplitMix64's last step). */
        private static long scattered(long bits) {
            long z = bits + 0x9e3779b97f4a7c15L;
            z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
            z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
            return z ^ z >>> 31;
        }

        Node with(@Nullable Node newLeft, @Nullable Node newRight) {
            return newLeft == left && newRight == right ? this : new Node(address, rank, newLeft, newRight);
        }

        /** The heap's order; by address where two ranks are equal, so that it is total. */
        boolean isAbove(Node other) {
            return rank != other.rank ? rank > other.rank : address.compareTo(other.address) < 0;
        }
    }

    private static final class Ascending implements Iterator<IpAddress> {
        private final Deque<Node> path = new ArrayDeque<>();

        Ascending(@Nullable Node root) {
            descend(root);
        }

        private void descend(@Nullable Node node) {
            for (Node next = node; next != null; next = next.left) {
                path.push(next);
            }
        }

        @Override
        public boolean hasNext() {
            return !path.isEmpty();
        }

        @Override
        public IpAddress next() {
            Node node = path.poll();
            if (node == null) {
                throw new NoSuchElementException();
            }
            descend(node.right);
            return node.address;
        }
    }
}
