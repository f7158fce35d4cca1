package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.model.Profile;
import io.calico.model.ProfileRules;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Profiles, each of two records: {@code /calico/v1/policy/profile/P/tags} (a JSON array) and {@code …/rules}. A profile
 * exists if one of them does. Thread-safe; see {@link CalicoStore} for errors.
 */
public final class Profiles {
    private final Datastore store;
    private final Records records;

    Profiles(Datastore store) {
        this.store = store;
        this.records = new Records(store);
    }

    /** All profiles, by name. One with a damaged record is listed without what that record holds. */
    public Listing<Profile> list() {
        Page page = store.listAll(Keys.PROFILES);
        Map<String, Profile> byName = new LinkedHashMap<>();
        List<BadRecordException> damaged = new ArrayList<>();
        for (KeyValue record : page.records()) {
            try {
                absorb(byName, record);
            } catch (BadRecordException e) {
                damaged.add(e);
            }
        }
        return new Listing<>(List.copyOf(byName.values()), damaged, page.revision());
    }

    /** The profile, or empty if it does not exist. */
    public Optional<Profile> find(String name) {
        Map<String, Profile> byName = new LinkedHashMap<>();
        for (KeyValue record : store.listAll(Keys.profile(name)).records()) {
            StoreKey key = Keys.parse(record.key());
            if (key instanceof StoreKey.ProfileTags || key instanceof StoreKey.ProfileRulesKey) {
                absorb(byName, record);
            }
        }
        return Optional.ofNullable(byName.get(name));
    }

    /** Whether the profile exists, damaged or not. */
    public boolean exists(String name) {
        return store.get(tagsKey(name)).isPresent() || store.get(rulesKey(name)).isPresent();
    }

    /** Stores a new profile; false, and nothing is done, if there is one of that name. */
    public boolean create(Profile profile) {
        String tags = tagsKey(profile.name());
        String tagsText = ModelJson.writeTags(profile.tags());
        Transaction.Builder transaction = Transaction.builder()
                .ifAbsent(tags)
                .ifAbsent(rulesKey(profile.name()))
                .put(tags, tagsText);
        profile.rules().ifPresent(rules -> transaction.put(rulesKey(profile.name()), ModelJson.write(rules)));
        return records.write(transaction.build(), tags, Optional.of(tagsText)).isPresent();
    }

    /** Removes a profile with all it has; false if there was none. */
    public boolean remove(String name) {
        for (int attempt = 0; attempt < Records.ATTEMPTS; attempt++) {
            Optional<KeyValue> tags = store.get(tagsKey(name));
            Optional<KeyValue> rules = store.get(rulesKey(name));
            if (tags.isEmpty() && rules.isEmpty()) {
                return false;
            }
            Transaction delete = Transaction.builder()
                    .ifAsSeen(tagsKey(name), tags)
                    .ifAsSeen(rulesKey(name), rules)
                    .delete(tagsKey(name))
                    .delete(rulesKey(name))
                    .build();
            String one = tags.isPresent() ? tagsKey(name) : rulesKey(name);
            if (records.write(delete, one, Optional.empty()).isPresent()) {
                return true;
            }
        }
        throw Records.tooBusy(Keys.profile(name));
    }

    /**
     * Changes the tags of a profile, by compare-and-swap.
     *
     * @param change gets the tags as stored, in order; returns the new ones; may run several times
     * @return the tags as they are now
     * @throws DatastoreException.NotFound if the profile does not exist
     */
    public List<String> updateTags(String name, UnaryOperator<List<String>> change) {
        return records.update(
                tagsKey(name),
                text -> ModelJson.readTags(tagsKey(name), text),
                ModelJson::writeTags,
                tags -> List.copyOf(
                        change.apply(tags.orElseGet(() -> ifOtherHalfExists(name, rulesKey(name), List.of())))));
    }

    /**
     * Changes the rules of a profile, by compare-and-swap.
     *
     * @param change gets the rules as stored, two empty lists if the record is missing; may run several times
     * @return the rules as they are now
     * @throws DatastoreException.NotFound if the profile does not exist
     */
    public ProfileRules updateRules(String name, UnaryOperator<ProfileRules> change) {
        ProfileRules none = ProfileRules.builder().id(name).build();
        return records.update(
                rulesKey(name),
                text -> ModelJson.read(rulesKey(name), text, ProfileRules::fromJson),
                ModelJson::write,
                rules -> change.apply(rules.orElseGet(() -> ifOtherHalfExists(name, tagsKey(name), none))));
    }

    private <T> T ifOtherHalfExists(String name, String otherKey, T value) {
        if (store.get(otherKey).isEmpty()) {
            throw new DatastoreException.NotFound("profile " + name + " does not exist");
        }
        return value;
    }

    /** Adds what one record says; the profile is there afterwards even if the record is damaged. */
    private static void absorb(Map<String, Profile> byName, KeyValue record) {
        StoreKey key = Keys.parse(record.key());
        if (key instanceof StoreKey.ProfileTags tags) {
            Profile profile = byName.computeIfAbsent(tags.profile(), Profiles::empty);
            byName.put(tags.profile(), profile.withTags(ModelJson.readTags(record.key(), record.value())));
        } else if (key instanceof StoreKey.ProfileRulesKey rules) {
            Profile profile = byName.computeIfAbsent(rules.profile(), Profiles::empty);
            ProfileRules read = ModelJson.read(record.key(), record.value(), ProfileRules::fromJson);
            byName.put(rules.profile(), profile.withRules(read));
        } else {
            throw new BadRecordException(record.key(), "the key is not one of a profile");
        }
    }

    private static Profile empty(String name) {
        return Profile.builder().name(name).build();
    }

    private static String tagsKey(String name) {
        return new StoreKey.ProfileTags(name).path();
    }

    private static String rulesKey(String name) {
        return new StoreKey.ProfileRulesKey(name).path();
    }
}
