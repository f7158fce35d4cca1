package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.ipam.internal.IpamConfig;
import io.calico.ipam.internal.Reservations;
import io.calico.ipam.internal.view.Seen;
import java.util.function.UnaryOperator;

/** A change of the settings, repeated on what is there until nobody else comes first. Confined to one thread. */
final class SettingsChange {
    private final Session session;
    private final UnaryOperator<IpamSettings> change;

    SettingsChange(Session session, UnaryOperator<IpamSettings> change) {
        this.session = session;
        this.change = change;
    }

    IpamSettings run() {
        session.refreshBasics();
        while (true) {
            session.retry().check(null);
            Seen<IpamConfig> seen = session.view().config();
            IpamConfig before = session.config();
            IpamSettings old = SettingsRecord.read(before);
            IpamSettings changed = change.apply(old);
            check(changed);
            if (changed.equals(old)) {
                return old;
            }
            IpamConfig after = new IpamConfig(
                    changed.strictAffinity(),
                    changed.autoAllocateBlocks(),
                    changed.maxBlocksPerHost(),
                    changed.coolDown(),
                    Reservations.of(changed.reservations()),
                    before.unknown());
            String key = new StoreKey.IpamConfig().path();
            if (session.replace(key, seen, after.encode())) {
                return changed;
            }
            session.retry().failed();
        }
    }

    private static void check(IpamSettings settings) {
        if (!settings.strictAffinity() && !settings.autoAllocateBlocks()) {
            throw new IpamException.ConfigConflict(
                    "Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time");
        }
        if (settings.maxBlocksPerHost() > 0 && !settings.strictAffinity()) {
            throw new IpamException.ConfigConflict("MaxBlocksPerHost requires StrictAffinity to be enabled");
        }
        if (settings.maxBlocksPerHost() < 0) {
            throw new IpamException.ConfigConflict(
                    "MaxBlocksPerHost must be 0 or more, not " + settings.maxBlocksPerHost());
        }
        long seconds = settings.coolDown().toSeconds();
        if (settings.coolDown().isNegative()
                || seconds > IpamConfig.MAX_COOL_DOWN_SECONDS
                || settings.coolDown().toNanosPart() != 0) {
            throw new IpamException.ConfigConflict("the cool-down must be 0 to " + IpamConfig.MAX_COOL_DOWN_SECONDS
                    + " whole seconds, not " + settings.coolDown());
        }
    }
}
