package io.calico.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.datastore.testkit.FaultyDatastore.Operation;
import io.calico.model.Profile;
import io.calico.model.ProfileRules;
import io.calico.model.json.BadRecordException;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleAction;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class ProfilesTest {
    private final MemoryDatastore memory = new MemoryDatastore();
    private final FaultyDatastore store = new FaultyDatastore(memory);
    private final Profiles profiles = new CalicoStore(store).profiles();

    private static UnaryOperator<List<String>> adding(String tag) {
        return tags -> {
            List<String> longer = new ArrayList<>(tags);
            longer.add(tag);
            return longer;
        };
    }

    private void put(String key, String value) {
        memory.commit(Transaction.builder().put(key, value).build());
    }

    private List<String> stored() {
        return memory.listAll("/").records().stream()
                .map(record -> record.key() + " " + record.value())
                .toList();
    }

    @Test
    void aNewProfileIsTwoRecords() {
        assertThat(profiles.create(Profile.defaults("web"))).isTrue();

        assertThat(stored())
                .containsExactly(
                        "/calico/v1/policy/profile/web/rules {\"id\":\"web\",\"inbound_rules\":[{\"action\":\"allow\","
                                + "\"src_tag\":\"web\"}],\"outbound_rules\":[{\"action\":\"allow\"}]}",
                        "/calico/v1/policy/profile/web/tags [\"web\"]");
        assertThat(profiles.find("web")).contains(Profile.defaults("web"));
        assertThat(profiles.exists("web")).isTrue();
        assertThat(profiles.find("we")).isEmpty();
    }

    @Test
    void aProfileThatIsThereIsNotReplaced() {
        put("/calico/v1/policy/profile/web/rules", "{\"inbound_rules\":[],\"outbound_rules\":[]}");

        assertThat(profiles.create(Profile.defaults("web"))).isFalse();
        assertThat(stored()).hasSize(1);
        assertThat(profiles.exists("web")).isTrue();
    }

    @Test
    void halfAProfileIsListed() {
        put("/calico/v1/policy/profile/a/tags", "[\"x\"]");
        put("/calico/v1/policy/profile/b/rules", "{\"inbound_rules\":[],\"outbound_rules\":[]}");

        List<Profile> listed = profiles.list().values();

        assertThat(listed).extracting(Profile::name).containsExactly("a", "b");
        assertThat(listed.get(0).tags()).containsExactly("x");
        assertThat(listed.get(0).rules()).isEmpty();
        assertThat(listed.get(1).tags()).isEmpty();
        assertThat(listed.get(1).rules()).isPresent();
    }

    @Test
    void damagedAndForeignRecordsAreReportedBesideTheOthers() {
        profiles.create(Profile.defaults("fine"));
        put("/calico/v1/policy/profile/broken/tags", "[1]");
        put("/calico/v1/policy/profile/broken/rules", "{\"inbound_rules\":[],\"outbound_rules\":[]}");
        put("/calico/v1/policy/profile/odd/colour", "red");

        Listing<Profile> listing = profiles.list();

        assertThat(listing.values()).extracting(Profile::name).containsExactly("broken", "fine");
        assertThat(listing.damaged())
                .extracting(BadRecordException::key)
                .containsExactly("/calico/v1/policy/profile/broken/tags", "/calico/v1/policy/profile/odd/colour");
        assertThatThrownBy(() -> profiles.find("broken")).isInstanceOf(BadRecordException.class);
    }

    @Test
    void removingTakesBothRecordsAndOnlyThem() {
        profiles.create(Profile.defaults("web"));
        profiles.create(Profile.defaults("web2"));

        assertThat(profiles.remove("web")).isTrue();
        assertThat(profiles.remove("web")).isFalse();
        assertThat(profiles.list().values()).extracting(Profile::name).containsExactly("web2");
    }

    @Test
    void changesOfOthersInBetweenAreKept() {
        profiles.create(Profile.defaults("web"));
        store.beforeNext(
                Operation.COMMIT, () -> new CalicoStore(memory).profiles().updateTags("web", adding("theirs")));

        List<String> now = profiles.updateTags("web", adding("ours"));

        assertThat(now).containsExactly("web", "theirs", "ours");
        assertThat(profiles.find("web").orElseThrow().tags()).isEqualTo(now);
    }

    @Test
    void aChangeThatChangesNothingWritesNothing() {
        profiles.create(Profile.defaults("web"));
        long before = memory.listAll("/").revision();

        assertThat(profiles.updateTags("web", tags -> tags)).containsExactly("web");
        assertThat(memory.listAll("/").revision()).isEqualTo(before);
    }

    @Test
    void aLostAnswerDoesNotAddTwice() {
        profiles.create(Profile.defaults("web"));

        store.loseNextAnswers(1);
        assertThat(profiles.updateTags("web", adding("a"))).containsExactly("web", "a");
        store.loseNextRequests(1);
        assertThat(profiles.updateTags("web", adding("b"))).containsExactly("web", "a", "b");

        assertThat(profiles.find("web").orElseThrow().tags()).containsExactly("web", "a", "b");
    }

    @Test
    void aLostAnswerThatNobodyCanFindIsToldAsSuch() {
        profiles.create(Profile.defaults("web"));
        store.loseNextAnswers(1);
        store.beforeNext(Operation.COMMIT, () -> {});
        store.beforeNext(
                Operation.COMMIT,
                () -> new CalicoStore(memory).profiles().updateTags("web", tags -> List.of("theirs")));

        assertThatThrownBy(() -> profiles.updateTags("web", adding("ours")))
                .isInstanceOf(DatastoreException.UnknownResult.class);
    }

    @Test
    void lostAnswersToCreateAndRemoveAreFoundOut() {
        store.loseNextAnswers(1);
        assertThat(profiles.create(Profile.defaults("web"))).isTrue();
        store.loseNextAnswers(1);
        assertThat(profiles.remove("web")).isTrue();

        assertThat(memory.listAll("/").records()).isEmpty();
    }

    @Test
    void rulesAreChangedInPlaceAndMadeIfMissing() {
        put("/calico/v1/policy/profile/web/tags", "[]");
        Rule deny = Rule.builder().action(RuleAction.DENY).build();

        profiles.updateRules("web", rules -> rules.withInbound(deny));

        assertThat(memory.get("/calico/v1/policy/profile/web/rules").map(KeyValue::value))
                .contains("{\"id\":\"web\",\"inbound_rules\":[{\"action\":\"deny\"}],\"outbound_rules\":[]}");
    }

    @Test
    void aProfileThatDoesNotExistCannotBeChanged() {
        assertThatThrownBy(() -> profiles.updateTags("web", adding("x")))
                .isInstanceOf(DatastoreException.NotFound.class)
                .hasMessage("profile web does not exist");
        assertThatThrownBy(() -> profiles.updateRules(
                        "web", rules -> ProfileRules.builder().build()))
                .isInstanceOf(DatastoreException.NotFound.class);
    }

    @Test
    void anUnavailableStoreIsSaidToBe() {
        store.failNext(Operation.COMMIT, 1);

        assertThatThrownBy(() -> profiles.create(Profile.defaults("web")))
                .isInstanceOf(DatastoreException.Unavailable.class);
    }
}
