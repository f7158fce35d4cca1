package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import java.util.Optional;

/**
 * Settings, as plain text: of all hosts ({@code /calico/v1/config/NAME}), of one ({@code /calico/v1/host/H/config/NAME},
 * wins) and of BGP ({@code /calico/bgp/v1/global/NAME}); and whether the store is set up ({@code /calico/v1/Ready}).
 * Thread-safe; see {@link CalicoStore} for errors.
 */
public final class Config {
    private static final String TRUE = "true";

    private final Datastore store;
    private final Records records;

    Config(Datastore store) {
        this.store = store;
        this.records = new Records(store);
    }

    /** Whether the store is set up; until then nobody applies what it reads. */
    public boolean isReady() {
        return store.get(Keys.READY).map(KeyValue::value).orElse("").equals(TRUE);
    }

    /** Says that the store is set up. */
    public void setReady() {
        if (!isReady()) {
            records.put(Keys.READY, TRUE);
        }
    }

    /** A setting of all hosts. */
    public Optional<String> findGlobal(String name) {
        return value(new StoreKey.GlobalConfig(name));
    }

    /** Sets a setting of all hosts. */
    public void setGlobal(String name, String value) {
        records.put(new StoreKey.GlobalConfig(name).path(), value);
    }

    /** Sets a setting of all hosts unless it is set; whether it did. */
    public boolean setGlobalIfAbsent(String name, String value) {
        return records.create(new StoreKey.GlobalConfig(name).path(), value).isPresent();
    }

    /** Removes a setting of all hosts; false if it was not set. */
    public boolean removeGlobal(String name) {
        return records.delete(new StoreKey.GlobalConfig(name).path());
    }

    /** A setting of one host. */
    public Optional<String> findHost(String host, String name) {
        return value(new StoreKey.HostConfig(host, name));
    }

    /** Sets a setting of one host. */
    public void setHost(String host, String name, String value) {
        records.put(new StoreKey.HostConfig(host, name).path(), value);
    }

    /** Removes a setting of one host; false if it was not set. */
    public boolean removeHost(String host, String name) {
        return records.delete(new StoreKey.HostConfig(host, name).path());
    }

    /** A global setting of BGP: {@code as_num}, {@code node_mesh} or {@code loglevel}. */
    public Optional<String> findBgp(String name) {
        return value(new StoreKey.GlobalBgp(name));
    }

    /** Sets a global setting of BGP. */
    public void setBgp(String name, String value) {
        records.put(new StoreKey.GlobalBgp(name).path(), value);
    }

    /** Sets a global setting of BGP unless it is set; whether it did. */
    public boolean setBgpIfAbsent(String name, String value) {
        return records.create(new StoreKey.GlobalBgp(name).path(), value).isPresent();
    }

    private Optional<String> value(StoreKey key) {
        return store.get(key.path()).map(KeyValue::value);
    }
}
