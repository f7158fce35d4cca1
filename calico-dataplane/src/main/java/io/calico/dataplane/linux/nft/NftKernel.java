package io.calico.dataplane.linux.nft;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.linux.netlink.ElementChange;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.NfTables;
import io.calico.dataplane.linux.netlink.NftTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes to the kernel, by one of two ways. A transaction that does nothing but add and delete elements of sets, such as that of
 * a container that starts on a known network, goes through a socket, which takes a tenth of a millisecond. One that changes the
 * structure (chains, rules, sets, elements that lead to chains) goes through {@link NftProcess}, which takes about 20 ms. Here
 * is the only place where that is decided.
 *
 * <p>Bound to the network namespace of the thread that opened it.
 */
public final class NftKernel implements NftWriter, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NftKernel.class);
    private static final String NAME = "calico";

    private final NftWriter process;
    private final NfTables socket;

    /** For tests: with a process that may be watched. */
    NftKernel(NftWriter process, NfTables socket) {
        this.process = process;
        this.socket = socket;
    }

    /**
     * Connects to the kernel.
     *
     * @throws DataplaneException.Unavailable if the kernel cannot be reached or there is no program {@code nft}
     */
    public static NftKernel open() {
        NftProcess process = NftProcess.ofThisMachine();
        try {
            return new NftKernel(process, NfTables.open());
        } catch (NetlinkException | LinkageError | UnsupportedOperationException e) {
            throw new DataplaneException.Unavailable("open", "nftables", String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public void write(NftTransaction transaction) {
        Optional<List<ElementChange>> elements = elementsOnly(transaction);
        if (elements.isEmpty()) {
            process.write(transaction);
            return;
        }
        try {
            socket.commit(elements.get());
        } catch (NetlinkException e) {
            throw translated("write", e);
        }
    }

    @Override
    public Optional<TableListing> read() {
        try {
            return NftTable.read(NAME).flatMap(KernelListing::of);
        } catch (NetlinkException e) {
            LOG.info("table {} cannot be read: {}", NftText.TABLE, e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public boolean tableExists() {
        try {
            return socket.tableExists(NAME);
        } catch (NetlinkException e) {
            throw translated("look for", e);
        }
    }

    @Override
    public boolean isOwn(int port) {
        return port == socket.portId() || process.isOwn(port);
    }

    private static DataplaneException translated(String operation, NetlinkException e) {
        String reason = String.valueOf(e.getMessage());
        String table = "table " + NftText.TABLE;
        return e.isUnanswered()
                ? new DataplaneException.TimedOut(operation, table, reason)
                : new DataplaneException.Refused(operation, table, e.errno(), reason, e);
    }

    /** The transaction as changes of elements; empty if it is more than that. */
    private static Optional<List<ElementChange>> elementsOnly(NftTransaction transaction) {
        List<ElementChange> changes = new ArrayList<>();
        for (NftCommand command : transaction.commands()) {
            if (command instanceof NftCommand.AddElements add
                    && add.elements().stream().allMatch(ElementBytes::canWrite)) {
                add.elements().forEach(element -> changes.add(addition(add.set(), element)));
            } else if (command instanceof NftCommand.DeleteElements delete
                    && delete.elements().stream().allMatch(ElementBytes::canWrite)) {
                delete.elements().forEach(element -> changes.add(deletion(delete.set(), element)));
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(changes);
    }

    private static ElementChange addition(String set, Element element) {
        return ElementChange.add(
                NAME,
                set,
                ElementBytes.ofKey(element.key()),
                element.value().map(ElementBytes::of),
                NftText.of(element));
    }

    private static ElementChange deletion(String set, Element element) {
        return ElementChange.delete(NAME, set, ElementBytes.ofKey(element.key()), NftText.of(element));
    }

    @Override
    public void close() {
        socket.close();
    }
}
