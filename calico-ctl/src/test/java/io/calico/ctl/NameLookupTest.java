package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.Network;
import io.calico.model.Profile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Profiles and tags of networks, by the networks' names and the beginnings of their ids. */
class NameLookupTest {
    private static final String DATA = "b83edd44" + "0".repeat(56);
    private static final String APP = "ef3796f2" + "0".repeat(56);
    private static final String LAB = "b83e0000" + "1".repeat(56);

    private final Cli cli = new Cli();

    @BeforeEach
    void networks() {
        network(DATA, "data-tier");
        network(APP, "app-tier");
    }

    private void network(String id, String name) {
        cli.store.profiles().create(Profile.defaults(id));
        cli.store.networks().claimName(Network.builder().id(id).name(name).build());
    }

    @Test
    void networksAreNamedByNameIdOrTheBeginningOfTheId() {
        cli.transcript("""
                $ profile data-tier rule add inbound allow tcp from tag app-tier to ports 3306
                $ profile b83edd44 rule show
                Inbound rules:
                   1 allow from tag %1$s
                   2 allow tcp from tag %2$s to ports 3306
                Outbound rules:
                   1 allow
                $ profile %1$s rule show --names
                Inbound rules:
                   1 allow from tag data-tier
                   2 allow tcp from tag app-tier to ports 3306
                Outbound rules:
                   1 allow
                $ profile data-tier rule add inbound allow tcp from tag ef37 to ports 3306
                Rule already present, skipping.
                $ profile data-tier rule remove inbound allow tcp from tag app-tier to ports 3306
                $ profile data-tier tag show
                %1$s
                """.formatted(DATA, APP));
    }

    @Test
    void networkWhoseNameIsNotKnownYetIsFoundByTheBeginningOfItsId() {
        cli.store.profiles().create(Profile.defaults(LAB));

        cli.given("profile b83e00 tag add x");

        assertThat(cli.store.profiles().find(LAB).orElseThrow().tags()).containsExactly(LAB, "x");
    }

    @Test
    void literalProfileWinsOverANetworkOfThatName() {
        cli.store.profiles().create(Profile.defaults("data-tier"));

        cli.given("profile data-tier tag add x");

        assertThat(cli.store.profiles().find("data-tier").orElseThrow().tags()).containsExactly("data-tier", "x");
    }

    @Test
    void literalTagWinsOverANetworkOfThatName() {
        cli.given("profile add web", "profile web tag add e", "profile web rule add inbound allow from tag e");

        assertThat(cli.run("profile web rule show").out().lines()).contains("   2 allow from tag e");
    }

    @Test
    void tagThatMeansNothingYetIsStoredAsItIs() {
        cli.given("profile data-tier rule add inbound deny from tag later");

        assertThat(cli.run("profile data-tier rule show --names").out().lines()).contains("   2 deny from tag later");
    }

    @Test
    void ambiguousBeginningListsWhatItCanBe() {
        network(LAB, "lab");

        cli.transcript("""
                $ profile b83e rule show
                'b83e' is ambiguous, it can be:
                  %2$s  lab
                  %1$s  data-tier
                => 1
                $ profile app-tier rule add inbound allow from tag b83e
                'b83e' is ambiguous, it can be:
                  %2$s  lab
                  %1$s  data-tier
                => 1
                """.formatted(DATA, LAB));
    }

    @Test
    void tagsOfNetworksCanBeGivenToProfilesByName() {
        cli.transcript("""
                $ profile add web
                Created profile web
                $ profile web tag add app-tier
                Tag app-tier added to profile web
                $ profile web tag show
                web
                %s
                $ profile web tag remove app-tier
                Tag app-tier removed from profile web
                $ profile web tag show
                web
                """.formatted(APP));
    }

    @Test
    void newTagIsNeverTakenForTheBeginningOfAnId() {
        cli.given("profile data-tier tag add ef");

        assertThat(cli.store.profiles().find(DATA).orElseThrow().tags()).containsExactly(DATA, "ef");
    }

    @Test
    void networksProfileCannotBeAddedASecondTimeUnderItsName() {
        cli.transcript("""
                $ profile add data-tier
                Profile data-tier already exists.
                """);
        assertThat(cli.store.profiles().exists("data-tier")).isFalse();
    }

    @Test
    void networksProfileIsRemovedByItsName() {
        cli.transcript("""
                $ profile remove data-tier
                Deleted profile data-tier
                """);
        assertThat(cli.store.profiles().exists(DATA)).isFalse();
    }

    @Test
    void updateTakesTheNetworksNameAsIdAndInRules() {
        cli.transcript("""
                $ profile data-tier rule update < {"id":"data-tier","inbound_rules":[{"src_tag":"app-tier"}],"outbound_rules":[]}
                Successfully updated rules on profile data-tier
                $ profile data-tier rule json
                {
                  "id": "%s",
                  "inbound_rules": [
                    {
                      "action": "allow",
                      "src_tag": "%s"
                    }
                  ],
                  "outbound_rules": []
                }

                $ profile data-tier rule update < {"id":"app-tier","inbound_rules":[],"outbound_rules":[]}
                Rules JSON "id"=app-tier doesn't match profile name data-tier.
                => 1
                """.formatted(DATA, APP));
    }
}
