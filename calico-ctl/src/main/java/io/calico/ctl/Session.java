package io.calico.ctl;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.DatastoreSettings;
import io.calico.datastore.Listing;
import io.calico.datastore.spi.Datastore;
import io.calico.ipam.BlockAllocator;
import io.calico.model.json.BadRecordException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What one run of a command works with. Opens the datastore at first use. Confined to one thread. */
final class Session implements AutoCloseable {
    private final Map<String, String> environment;
    private final Optional<String> datastoreOption;
    private final InputStream in;
    private final Console console;
    private final Machine machine;
    private final StoreOpener opener;
    private final CommandSyntax syntax;

    @Nullable
    private CalicoStore store;

    private Optional<String> otherStore = Optional.empty();

    @Nullable
    private BlockAllocator allocator;

    Session(Invocation invocation, Arguments arguments, CommandSyntax syntax) {
        this.environment = invocation.environment();
        this.datastoreOption = arguments.option(CommandSyntax.DATASTORE);
        this.in = invocation.in();
        this.console = invocation.console();
        this.machine = invocation.machine();
        this.opener = invocation.opener();
        this.syntax = syntax;
    }

    /** What surrounds a run: the same for every command. */
    record Invocation(
            Map<String, String> environment, InputStream in, Console console, Machine machine, StoreOpener opener) {}

    Console console() {
        return console;
    }

    Machine machine() {
        return machine;
    }

    InputStream in() {
        return in;
    }

    Map<String, String> environment() {
        return environment;
    }

    /** A usage error found after the form was chosen. */
    CommandFailure usageError(String reason) {
        return syntax.usageError(reason);
    }

    /** The datastore, opened at the first call. */
    CalicoStore store() {
        CalicoStore opened = store;
        if (opened == null) {
            opened = new CalicoStore(open());
            store = opened;
        }
        return opened;
    }

    private Datastore open() {
        try {
            DatastoreSettings.Choice choice = choice();
            choice.warning().ifPresent(console::errorLine);
            otherStore = choice.warning();
            return opener.open(choice.uri(), environment);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage("Error: " + e.getMessage());
        }
    }

    private DatastoreSettings.Choice choice() {
        return DatastoreSettings.resolve(datastoreOption, environment, machine.datastoreSocket());
    }

    /**
     * The URI of the datastore that this command uses, behind the running daemon if it is reached through that: what the
     * next daemon is to use.
     */
    String storeUri() {
        return store().datastore().originUri();
    }

    /** That the opened datastore is not the running daemon's, in words; empty if it is. */
    Optional<String> otherStore() {
        return otherStore;
    }

    /**
     * Ends unless this process may do what only root may.
     *
     * @throws CommandFailure if it may not
     */
    void requireRoot() {
        boolean inContainer =
                !environment.getOrDefault("CALICO_CTL_CONTAINER", "").isEmpty();
        if (!inContainer && !machine.isRoot()) {
            throw CommandFailure.notRoot("This command must be run as root.");
        }
    }

    /** The allocator of addresses, acting for this machine. */
    BlockAllocator allocator() {
        BlockAllocator made = allocator;
        if (made == null) {
            made = new BlockAllocator(store().datastore(), machine.hostName());
            allocator = made;
        }
        return made;
    }

    /** The records that could be read; warns about the others. */
    <T> List<T> readable(Listing<T> listing) {
        for (BadRecordException damaged : listing.damaged()) {
            console.errorLine("Warning: " + damaged.getMessage());
        }
        return listing.values();
    }

    /** Lets go of the datastore; the next call of {@link #store} opens it again. */
    void closeStore() {
        CalicoStore opened = store;
        if (opened != null) {
            store = null;
            allocator = null;
            opened.datastore().close();
        }
    }

    @Override
    public void close() {
        closeStore();
    }
}
