package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Transaction;
import io.calico.model.EndpointKey;
import io.calico.model.Profile;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.MacAddress;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ProfileCommandTest {
    private final Cli cli = new Cli();

    private void endpoint(String host, String id, String... profiles) {
        cli.store
                .endpoints()
                .put(
                        new EndpointKey(host, "docker", "5be1c0a9f3d2", id),
                        WorkloadEndpoint.builder()
                                .interfaceName("cali0")
                                .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                                .profileIds(List.of(profiles))
                                .build());
    }

    @Test
    void profilesAreMadeWithTheirOwnTagAndTheDefaultRules() {
        cli.transcript("""
                $ profile add SHOP
                Created profile SHOP
                $ profile SHOP tag show
                SHOP
                $ profile SHOP rule show
                Inbound rules:
                   1 allow from tag SHOP
                Outbound rules:
                   1 allow
                $ profile show
                +------+
                | Name |
                +------+
                | SHOP |
                +------+
                """);
    }

    @Test
    void addingAnExistingProfileLeavesItAsItIs() {
        cli.given("profile add SHOP", "profile SHOP rule remove inbound --at=1");

        cli.transcript("""
                $ profile add SHOP
                Profile SHOP already exists.
                $ profile SHOP rule show
                Inbound rules:
                Outbound rules:
                   1 allow
                """);
    }

    @Test
    void removedProfileIsGone() {
        cli.transcript("""
                $ profile remove SHOP
                Profile SHOP not found.
                $ profile add SHOP
                Created profile SHOP
                $ profile remove SHOP
                Deleted profile SHOP
                $ profile show
                +------+
                | Name |
                +------+
                +------+
                """);
    }

    @Test
    void profileInUseIsRemovedOnlyWithoutTheCheck() {
        cli.given("profile add SHOP");
        endpoint("rack7-n4", "e1", "OTHER", "SHOP");

        cli.transcript("""
                $ profile remove SHOP
                Cannot remove profile - profile in use by endpoint(s).
                Use the '--no-check' flag to remove it all the same.
                => 1
                $ profile remove SHOP --no-check
                Deleted profile SHOP
                $ profile SHOP rule show
                Profile SHOP not found.
                => 1
                """);
        assertThat(cli.store.endpoints().findById("e1").orElseThrow().value().profileIds())
                .containsExactly("OTHER", "SHOP");
    }

    @Test
    void namesMayEqualTheWordsOfTheCommandLine() {
        cli.transcript("""
                $ profile add add
                Created profile add
                $ profile add show
                Created profile show
                $ profile show tag show
                show
                $ profile show tag add remove
                Tag remove added to profile show
                $ profile show rule add inbound allow from tag cidr
                $ profile remove add
                Deleted profile add
                """);
    }

    @Test
    void badProfileNamesAreRefusedInEveryForm() {
        String refusal = """
                Profile names may only hold numbers, letters, dots, dashes and underscores.

                => 1
                """;
        for (String form : List.of(
                "profile add 'a b'",
                "profile remove a/b",
                "profile a,b tag show",
                "profile a+b tag add x",
                "profile é rule show",
                "profile a:b rule json",
                "profile 'x ' rule remove inbound --at=1",
                "profile a@b rule update")) {
            assertThat(cli.run(form).transcript()).as(form).isEqualTo(refusal);
        }
    }

    @Test
    void longNamesAreFine() {
        String name = "0123456789abcdef".repeat(4);

        cli.transcript("$ profile add %1$s\nCreated profile %1$s\n$ profile %1$s tag show\n%1$s\n".formatted(name));
    }

    @Nested
    class Tags {
        @BeforeEach
        void profile() {
            cli.given("profile add SHOP");
        }

        @Test
        void tagsKeepTheirOrderAndNewOnesComeLast() {
            cli.transcript("""
                    $ profile SHOP tag add zebra
                    Tag zebra added to profile SHOP
                    $ profile SHOP tag add ant
                    Tag ant added to profile SHOP
                    $ profile SHOP tag add zebra
                    Tag zebra added to profile SHOP
                    $ profile SHOP tag show
                    SHOP
                    zebra
                    ant
                    $ profile SHOP tag remove SHOP
                    Tag SHOP removed from profile SHOP
                    $ profile SHOP tag remove SHOP
                    Tag SHOP is not on profile SHOP
                    $ profile SHOP tag show
                    zebra
                    ant
                    """);
        }

        @Test
        void badNameIsRefusedWhenAddedAndTakenWhenRemoved() {
            cli.datastore.commit(Transaction.builder()
                    .put("/calico/v1/policy/profile/SHOP/tags", "[\"x y!\",\"ok\"]")
                    .build());

            cli.transcript("""
                    $ profile SHOP tag add 'x y!'
                    Tag names may only hold numbers, letters, dots, dashes and underscores.

                    => 1
                    $ profile 'a b' tag add 'x y!'
                    Profile names may only hold numbers, letters, dots, dashes and underscores.

                    Tag names may only hold numbers, letters, dots, dashes and underscores.

                    => 1
                    $ profile SHOP tag remove 'x y!'
                    Tag x y! removed from profile SHOP
                    $ profile SHOP tag show
                    ok
                    """);
        }

        @Test
        void missingProfileHasNoTags() {
            cli.transcript("""
                    $ profile NONE tag show
                    Profile NONE not found.
                    => 1
                    $ profile NONE tag add x
                    Profile NONE not found.
                    => 1
                    $ profile NONE tag remove x
                    Profile NONE not found.
                    => 1
                    """);
        }
    }

    @Test
    void profileThatLacksARecordExistsAllTheSame() {
        cli.datastore.commit(Transaction.builder()
                .put("/calico/v1/policy/profile/only-tags/tags", "[\"t\"]")
                .put("/calico/v1/policy/profile/only-rules/rules", "{\"inbound_rules\":[],\"outbound_rules\":[]}")
                .build());

        cli.transcript("""
                $ profile show
                +------------+
                |    Name    |
                +------------+
                | only-rules |
                | only-tags  |
                +------------+
                $ profile only-rules tag show
                $ profile only-tags rule show
                Inbound rules:
                Outbound rules:
                $ profile only-tags rule add inbound allow
                $ profile only-tags rule json
                {
                  "id": "only-tags",
                  "inbound_rules": [
                    {
                      "action": "allow"
                    }
                  ],
                  "outbound_rules": []
                }

                """);
    }

    @Test
    void detailedListHasARowForEachProfileAndEndpoint() {
        cli.store.profiles().create(Profile.defaults("orders"));
        cli.store.profiles().create(Profile.defaults("ledger.v2"));
        cli.store.profiles().create(Profile.defaults("audit"));
        endpoint("rack7-n3", "0f6c2b1ad0e811e59a3b0242ac11aa01", "orders", "audit", "gone");
        endpoint("rack7-n4", "1f6c2b1ad0e811e59a3b0242ac11aa01", "orders");

        cli.transcript("""
                $ profile show --detailed
                +-----------+----------+-----------------+--------------+----------------------------------+--------+
                |    Name   |   Host   | Orchestrator ID | Workload ID  |           Endpoint ID            | State  |
                +-----------+----------+-----------------+--------------+----------------------------------+--------+
                |   audit   | rack7-n3 |      docker     | 5be1c0a9f3d2 | 0f6c2b1ad0e811e59a3b0242ac11aa01 | active |
                | ledger.v2 |   None   |       None      |     None     |               None               |  None  |
                |   orders  | rack7-n3 |      docker     | 5be1c0a9f3d2 | 0f6c2b1ad0e811e59a3b0242ac11aa01 | active |
                |   orders  | rack7-n4 |      docker     | 5be1c0a9f3d2 | 1f6c2b1ad0e811e59a3b0242ac11aa01 | active |
                +-----------+----------+-----------------+--------------+----------------------------------+--------+
                """);
    }
}
