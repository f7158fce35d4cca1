package io.calico.dataplane;

import static io.calico.dataplane.AgentWorld.LONG;
import static io.calico.dataplane.AgentWorld.endpoint;
import static io.calico.dataplane.AgentWorld.key;
import static io.calico.dataplane.AgentWorld.workload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.calico.dataplane.recording.RecordingDataplane.Operation;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.model.EndpointState;
import io.calico.model.ProfileRules;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.MacAddress;
import io.calico.model.rule.RuleParser;
import io.calico.policy.EndpointToHostAction;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AgentTest {
    private static final Duration SHORT = Duration.ofMillis(80);

    private final AgentWorld world = new AgentWorld();

    @AfterEach
    void close() {
        world.close();
    }

    @Nested
    class AtStart {
        @Test
        void nothingIsTouchedBeforeAWholeSnapshotWasRead() throws InterruptedException {
            CountDownLatch listing = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            world.dataplane.plantInterface("cali7");
            world.faults.beforeNext(FaultyDatastore.Operation.WATCH, () -> {
                listing.countDown();
                awaitLatch(go);
            });
            world.agent.start();
            assertThat(listing.await(20, TimeUnit.SECONDS)).isTrue();

            assertThat(world.agent.awaitInSync(SHORT)).isFalse();
            assertThat(world.dataplane.journal()).isEmpty();

            go.countDown();
            assertThat(world.agent.awaitInSync(LONG)).isTrue();
            assertThat(world.dataplane.journal()).containsExactly("remove cali7", "apply policy");
        }

        @Test
        void interfaceWithAnEndpointIsMadeRightAfterPolicyAndOneWithoutIsRemoved() throws InterruptedException {
            world.put(1, "WEB");
            world.store.endpoints().put(key(2), endpoint(2, EndpointState.INACTIVE, "WEB"));
            List.of("cali1", "cali2", "cali3").forEach(world.dataplane::plantInterface);

            world.started();

            assertThat(world.dataplane.journal())
                    .containsExactly("remove cali3", "apply policy", "suspend cali2", "repair cali1");
            assertThat(world.dataplane.liveInterfaces()).containsExactly("cali1");
            assertThat(world.dataplane.interfaces().get("cali1").workload()).contains(workload(1));
        }

        @Test
        void interfacesWithoutEndpointStayWhileAnEndpointCannotBeRead() throws InterruptedException {
            world.store
                    .datastore()
                    .commit(Transaction.builder()
                            .put(new StoreKey.Endpoint(key(1)).path(), "{broken")
                            .build());
            world.dataplane.plantInterface("cali1");

            world.started();

            assertThat(world.dataplane.interfaces()).containsOnlyKeys("cali1");
            assertThat(world.dataplane.liveInterfaces()).isEmpty();
        }

        @Test
        void storeThatIsNotThereYetIsWaitedFor() throws InterruptedException {
            world.put(1, "WEB");
            world.faults.failNext(FaultyDatastore.Operation.LIST, 3);

            world.started();

            assertThat(world.enforced().endpoints()).containsOnlyKeys("cali1");
        }
    }

    @Nested
    class Join {
        @Test
        void returnsWhenPolicyIsEnforcedAndTheInterfaceIsUp() throws InterruptedException {
            world.started();
            AtomicBoolean policyWasFirst = new AtomicBoolean();
            world.dataplane.beforeNext(
                    Operation.ADD,
                    () -> policyWasFirst.set(world.enforced().endpoints().containsKey("cali1")));

            world.connect(1, "WEB");

            assertThat(policyWasFirst).isTrue();
            assertThat(world.dataplane.liveInterfaces()).containsExactly("cali1");
        }

        @Test
        void waitsUntilTheHostTakesThePolicy() throws InterruptedException {
            world.started();
            world.dataplane.failNext(Operation.APPLY, 3);

            world.connect(1, "WEB");

            assertThat(world.dataplane.liveInterfaces()).containsExactly("cali1");
        }

        @Test
        void whosePolicyIsNotEnforcedInTimeIsRefusedAndLeavesNothing() throws InterruptedException {
            world.started();
            long revision = world.put(1, "WEB");
            world.dataplane.failNext(Operation.APPLY, Integer.MAX_VALUE);
            world.put(1, "WEB", "APP");
            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> world.agent.status().applyFailures() > 0);

            assertThatThrownBy(() -> world.agent.join(key(1), workload(1), revision + 1, SHORT))
                    .isInstanceOf(DataplaneException.TimedOut.class)
                    .hasMessage("connect workload cali1: not done after 80 ms:"
                            + " the last attempt to enforce policy failed: apply policy: injected failure");

            world.dataplane.failNext(Operation.APPLY, 0);
            world.settle();
            assertThat(world.dataplane.interfaces()).isEmpty();
        }

        @Test
        void beforeTheFirstSnapshotIsRefusedWhenItsTimeIsUp() {
            assertThatThrownBy(() -> world.agent.join(key(1), workload(1), 1, SHORT))
                    .isInstanceOf(DataplaneException.TimedOut.class)
                    .hasMessageEndingWith("no whole snapshot of the datastore was read yet");
        }

        @Test
        void whoseTimeIsUpWhileTheHostConnectsIsUndone() throws InterruptedException {
            world.started();
            long revision = world.put(1, "WEB");
            CountDownLatch gaveUp = new CountDownLatch(1);
            world.dataplane.beforeNext(Operation.ADD, () -> awaitLatch(gaveUp));

            assertThatThrownBy(() -> world.agent.join(key(1), workload(1), revision, SHORT))
                    .isInstanceOf(DataplaneException.TimedOut.class);
            gaveUp.countDown();

            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> world.dataplane.journal().containsAll(List.of("add cali1", "remove cali1")));
            assertThat(world.dataplane.interfaces()).isEmpty();
        }

        @Test
        void undoThatFailsIsTriedAgain() throws InterruptedException {
            world.started();
            long revision = world.put(1, "WEB");
            CountDownLatch gaveUp = new CountDownLatch(1);
            world.dataplane.beforeNext(Operation.ADD, () -> awaitLatch(gaveUp));
            world.dataplane.failNext(Operation.REMOVE, 2);

            assertThatThrownBy(() -> world.agent.join(key(1), workload(1), revision, SHORT))
                    .isInstanceOf(DataplaneException.TimedOut.class);
            gaveUp.countDown();

            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> world.dataplane.journal().containsAll(List.of("add cali1", "remove cali1")));
        }

        @Test
        void thatTheHostRefusesIsRefusedWithItsWords() throws InterruptedException {
            world.started();
            world.dataplane.failNext(Operation.ADD, 1);
            long revision = world.put(1, "WEB");

            assertThatThrownBy(() -> world.join(1, revision))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessage("add cali1: injected failure");
        }

        @Test
        void withoutAnActiveEndpointIsRefused() throws InterruptedException {
            world.started();
            long revision = world.store.endpoints().put(key(1), endpoint(1, EndpointState.INACTIVE, "WEB"));

            assertThatThrownBy(() -> world.join(1, revision))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessage("connect workload cali1: the datastore has no usable endpoint " + key(1)
                            + " with this interface: it has no active one");
            assertThat(world.dataplane.interfaces()).isEmpty();
        }

        @Test
        void withOtherAddressesThanTheEndpointsIsRefused() throws InterruptedException {
            world.started();
            long revision = world.put(1, "WEB");
            WorkloadInterface other = WorkloadInterface.builder()
                    .from(workload(1))
                    .addresses(workload(2).addresses())
                    .build();

            assertThatThrownBy(() -> world.agent.join(key(1), other, revision, LONG))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessageContaining("[10.65.0.1] in the datastore, not ee:ee:ee:00:00:01 and [10.65.0.2]");
        }

        @Test
        void afterCloseIsRefused() throws InterruptedException {
            world.started();
            world.agent.close();

            assertThatThrownBy(() -> world.join(1, 1)).isInstanceOf(DataplaneException.Unavailable.class);
        }

        @Test
        void thatWaitsAtCloseIsRefusedAtOnce() throws InterruptedException {
            world.started();
            CompletableFuture<Void> waiting = world.joinInBackground(1, 1_000_000, LONG);
            await().until(() -> !waiting.isDone());

            world.agent.close();

            assertThatThrownBy(() -> waiting.get(5, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(DataplaneException.Unavailable.class);
        }
    }

    @Nested
    class Afterwards {
        @Test
        void leaveCutsOffAndKeepsThePolicyUntilTheEndpointGoes() throws InterruptedException {
            world.started().connect(1, "WEB");

            world.agent.leave("cali1");

            assertThat(world.dataplane.interfaces()).isEmpty();
            assertThat(world.enforced().endpoints()).containsOnlyKeys("cali1");
        }

        @Test
        void leaveOfNothingIsNothing() throws InterruptedException {
            world.started().agent.leave("cali1");

            assertThat(world.dataplane.journal()).containsExactly("apply policy");
        }

        @Test
        void leaveThatTheHostRefusesIsRefused() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.dataplane.failNext(Operation.REMOVE, 1);

            assertThatThrownBy(() -> world.agent.leave("cali1"))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessage("remove cali1: injected failure");
        }

        @Test
        void deletedEndpointTakesItsInterfaceAndPolicyAlong() throws InterruptedException {
            world.started().connect(1, "WEB");

            world.store.endpoints().delete(key(1));
            world.settle();

            assertThat(world.dataplane.interfaces()).isEmpty();
            assertThat(world.enforced().endpoints()).isEmpty();
        }

        @Test
        void inactiveEndpointKeepsItsInterfaceWithoutTraffic() throws InterruptedException {
            world.started().connect(1, "WEB");

            world.store.endpoints().put(key(1), endpoint(1, EndpointState.INACTIVE, "WEB"));
            world.settle();
            assertThat(world.dataplane.interfaces()).containsOnlyKeys("cali1");
            assertThat(world.dataplane.liveInterfaces()).isEmpty();

            world.put(1, "WEB");
            world.settle();
            assertThat(world.dataplane.liveInterfaces()).containsExactly("cali1");
        }

        @Test
        void damagedRecordStopsItsTrafficAndNothingElse() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.connect(2, "WEB");

            world.store
                    .datastore()
                    .commit(Transaction.builder()
                            .put(new StoreKey.Endpoint(key(1)).path(), "{broken")
                            .build());
            world.settle();

            assertThat(world.dataplane.interfaces()).containsOnlyKeys("cali1", "cali2");
            assertThat(world.dataplane.liveInterfaces()).containsExactly("cali2");
        }

        @Test
        void changesThatComeWhileTheHostIsBusyAreEnforcedTogether() throws InterruptedException {
            world.started();
            CountDownLatch busy = new CountDownLatch(1);
            CountDownLatch written = new CountDownLatch(1);
            world.dataplane.beforeNext(Operation.APPLY, () -> {
                busy.countDown();
                awaitLatch(written);
            });
            world.put(1, "WEB");
            assertThat(busy.await(20, TimeUnit.SECONDS)).isTrue();
            for (int i = 2; i <= 50; i++) {
                world.put(i, "WEB");
            }
            long applied = applied();
            written.countDown();
            world.settle();

            assertThat(world.enforced().endpoints()).hasSize(50);
            assertThat(applied() - applied).isLessThanOrEqualTo(4);
        }

        @Test
        void refusedPolicyIsTriedAgainAndWhatWasEnforcedStaysMeanwhile() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.dataplane.failNext(Operation.APPLY, Integer.MAX_VALUE);

            world.put(2, "WEB");
            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> world.agent.status().applyFailures() >= 3);
            assertThat(world.agent.isInSync()).isFalse();
            assertThat(world.agent.status().lastError()).contains("apply policy: injected failure");
            assertThat(world.dataplane.liveInterfaces()).containsExactly("cali1");

            world.dataplane.failNext(Operation.APPLY, 0);
            world.settle();
            assertThat(world.enforced().endpoints()).containsOnlyKeys("cali1", "cali2");
            assertThat(world.agent.status().lastError()).isEmpty();
        }

        @Test
        void repairThatFailsIsTriedAgainAndStopsNothingElse() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.dataplane.failNext(Operation.REPAIR, 2);

            world.store
                    .endpoints()
                    .put(
                            key(1),
                            WorkloadEndpoint.builder()
                                    .from(endpoint(1, EndpointState.ACTIVE, "WEB"))
                                    .mac(MacAddress.parse("ee:ee:ee:00:01:01"))
                                    .build());
            world.put(2, "APP");
            world.settle();

            assertThat(world.dataplane.journal()).contains("repair cali1");
            assertThat(world.enforced().endpoints()).containsOnlyKeys("cali1", "cali2");
        }

        @Test
        void interfaceIsNotLookedAtForWhatIsNothingToIt() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.settle();
            int before = world.dataplane.journal().size();

            world.store
                    .endpoints()
                    .put(key(1), endpoint(1, EndpointState.ACTIVE, "APP").withSandbox("/var/run/docker/netns/1"));
            world.settle();

            List<String> journal = world.dataplane.journal();
            assertThat(journal.subList(before, journal.size())).isNotEmpty().noneMatch(line -> line.contains("repair"));
        }

        @Test
        void profilesAndTagsReachTheHost() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.putProfile("WEB");
            world.settle();
            assertThat(world.enforced().profiles().get("WEB").inbound()).hasSize(2);

            world.store
                    .profiles()
                    .updateRules(
                            "WEB",
                            rules -> ProfileRules.builder()
                                    .addInbound(RuleParser.parse(List.of("deny")))
                                    .build());
            world.settle();
            assertThat(world.enforced().profiles().get("WEB").inbound()).hasSize(1);
        }

        @Test
        void actionTowardsTheHostIsItsOwnSettingElseTheGlobalOne() throws InterruptedException {
            world.started();
            assertThat(world.dataplane.toHost()).isEqualTo(EndpointToHostAction.RETURN);

            world.store.config().setGlobal("DefaultEndpointToHostAction", "drop");
            world.settle();
            assertThat(world.dataplane.toHost()).isEqualTo(EndpointToHostAction.DROP);

            world.store.config().setHost("h1", "DefaultEndpointToHostAction", "ACCEPT");
            world.settle();
            assertThat(world.dataplane.toHost()).isEqualTo(EndpointToHostAction.ACCEPT);

            world.store.config().setHost("h1", "DefaultEndpointToHostAction", "OPEN");
            world.settle();
            assertThat(world.dataplane.toHost()).isEqualTo(EndpointToHostAction.DROP);
        }

        @Test
        void policyThatAnotherProgramDestroyedIsBackAfterARefresh() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.dataplane.losePolicy();

            world.agent.refresh();

            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> world.dataplane.policy().isPresent());
            assertThat(world.enforced().endpoints()).containsOnlyKeys("cali1");
        }

        @Test
        void policyThatAnotherProgramDestroyedIsBackAsSoonAsTheHostTellsOfIt() throws InterruptedException {
            world.started().connect(1, "WEB");

            world.dataplane.losePolicyLoudly();

            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> world.dataplane.policy().isPresent());
            assertThat(world.enforced().endpoints()).containsOnlyKeys("cali1");
            assertThat(world.agent.isInSync()).isTrue();
        }

        @Test
        void interfaceThatAnotherProgramChangedIsMadeRightAndNoOther() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.connect(2, "WEB");
            int before = world.dataplane.journal().size();

            world.dataplane.setDownByAnotherProgram("cali2");

            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> world.dataplane.liveInterfaces().contains("cali2"));
            assertThat(world.dataplane.journal().stream().skip(before)).containsExactly("mend host", "mend cali2");
        }

        @Test
        void interfaceThatAnotherProgramChangedStaysDownWhilePolicyIsLost() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.settle();
            world.dataplane.failNext(Operation.APPLY, 3);
            world.dataplane.losePolicy();

            world.dataplane.setDownByAnotherProgram("cali1");

            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> world.dataplane.liveInterfaces().contains("cali1"));
            List<String> journal = world.dataplane.journal();
            assertThat(journal.lastIndexOf("apply policy")).isLessThan(journal.indexOf("mend cali1"));
        }

        @Test
        void mendingThatFailsIsTriedAgain() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.dataplane.failNext(Operation.MEND, 2);

            world.dataplane.setDownByAnotherProgram("cali1");

            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> world.dataplane.liveInterfaces().contains("cali1"));
        }

        @Test
        void agentThatDiesSaysSoAndRefusesEverything() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.dataplane.beforeNext(Operation.REFRESH, () -> {
                throw new AssertionError("nobody thought of this");
            });

            world.agent.refresh();

            String reason = "the agent has ended because of an unforeseen error"
                    + " (java.lang.AssertionError: nobody thought of this); the node daemon must be restarted";
            assertThat(world.agent.awaitEnd()).contains(reason);
            assertThat(world.agent.isInSync()).isFalse();
            assertThat(world.agent.status().failed()).isTrue();
            assertThat(world.agent.status().lastError()).contains(reason);
            assertThatThrownBy(() -> world.connect(2, "WEB"))
                    .isInstanceOf(DataplaneException.Unavailable.class)
                    .hasMessage("connect workload cali2: " + reason);
            assertThatThrownBy(() -> world.agent.leave("cali1"))
                    .isInstanceOf(DataplaneException.Unavailable.class)
                    .hasMessage("disconnect workload cali1: " + reason);
            assertThat(world.dataplane.liveInterfaces()).containsExactly("cali1");
        }

        @Test
        void whoWaitsForTheFirstSyncOfAnAgentThatDiesIsNotKeptWaiting() throws InterruptedException {
            world.dataplane.beforeNext(Operation.APPLY, () -> {
                throw new AssertionError("nobody thought of this");
            });
            world.agent.start();

            assertThat(world.agent.awaitInSync(Duration.ofMinutes(10))).isFalse();

            assertThat(world.agent.awaitEnd()).isPresent();
        }

        @Test
        void agentThatIsClosedEndsWithoutAReason() throws InterruptedException {
            world.started();

            world.agent.close();

            assertThat(world.agent.awaitEnd()).isEmpty();
            assertThat(world.agent.status().failed()).isFalse();
        }

        @Test
        void problemsOfTheHostAreInTheStatus() throws InterruptedException {
            world.dataplane.addProblem("blocked by FORWARD policy");

            world.started();

            assertThat(world.agent.status().problems()).containsExactly("blocked by FORWARD policy");
        }

        @Test
        void closeLeavesTheHostAsItIs() throws InterruptedException {
            world.started().connect(1, "WEB");

            world.agent.close();
            world.agent.close();

            assertThat(world.dataplane.liveInterfaces()).containsExactly("cali1");
        }

        @Test
        void afterARestartRunningWorkloadsAreNeverTakenDown() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.connect(2, "WEB");
            world.restart();

            world.started();

            assertThat(world.dataplane.journal()).containsExactly("apply policy", "repair cali1", "repair cali2");
        }

        @Test
        void storeThatGoesAwayLeavesTheHostAsItIsAndChangesAreCaughtUp() throws InterruptedException {
            world.started().connect(1, "WEB");
            world.faults.failNext(FaultyDatastore.Operation.WATCH, 2);
            world.faults.dropWatches();

            world.connect(2, "WEB");

            assertThat(world.dataplane.liveInterfaces()).containsExactly("cali1", "cali2");
        }

        private long applied() {
            return world.dataplane.journal().stream()
                    .filter("apply policy"::equals)
                    .count();
        }
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nobody came");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
