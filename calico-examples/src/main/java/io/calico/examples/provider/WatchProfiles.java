package io.calico.examples.provider;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Datastores;
import io.calico.datastore.Keys;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.syncer.SyncStatus;
import io.calico.datastore.syncer.SyncUpdate;
import io.calico.datastore.syncer.Syncer;
import io.calico.datastore.syncer.SyncerListener;
import io.calico.model.Profile;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Opens the store of a URI ({@code snapshot:} unless another is given), follows its profiles, and stores one. Prints what
 * comes and ends when the new profile has been seen.
 */
public final class WatchProfiles implements SyncerListener {
    private final CountDownLatch seen = new CountDownLatch(1);

    private WatchProfiles() {}

    /** Argument: the store's URI. */
    public static void main(String[] arguments) throws InterruptedException {
        WatchProfiles printer = new WatchProfiles();
        try (Datastore store = Datastores.open(arguments.length == 0 ? "snapshot:" : arguments[0]);
                Syncer syncer = new Syncer(store, List.of(Keys.PROFILES), printer)) {
            syncer.start();
            boolean created = new CalicoStore(store).profiles().create(Profile.defaults("web"));
            System.out.println(created ? "stored the profile web" : "the profile web is there already");
            printer.seen.await();
        }
    }

    @Override
    public void onStatus(SyncStatus status) {
        System.out.println(status);
    }

    @Override
    public void onUpdates(List<SyncUpdate> updates, long revision) {
        updates.forEach(
                update -> System.out.println(update.key() + " " + update.value().orElse("was removed")));
        if (!updates.isEmpty()) {
            seen.countDown();
        }
    }
}
