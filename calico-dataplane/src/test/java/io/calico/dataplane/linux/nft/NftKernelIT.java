package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.linux.netlink.NfTables;
import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.Tool;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.policy.AddressSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both ways into the kernel end at the same table; nft is the witness. */
@InFreshNetwork
class NftKernelIT {
    private final List<NftTransaction> throughProcess = new ArrayList<>();
    private final NftProcess process = NftProcess.ofThisMachine();
    private NftKernel kernel;

    @BeforeEach
    void open() {
        kernel = new NftKernel(watched(), NfTables.open());
    }

    @AfterEach
    void close() {
        kernel.close();
    }

    private NftWriter watched() {
        return new NftWriter() {
            @Override
            public void write(NftTransaction transaction) {
                throughProcess.add(transaction);
                process.write(transaction);
            }

            @Override
            public Optional<TableListing> read() {
                throw new AssertionError("the process was asked");
            }

            @Override
            public boolean tableExists() {
                throw new AssertionError("the process was asked");
            }

            @Override
            public boolean isOwn(int port) {
                return process.isOwn(port);
            }
        };
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void socketAndProcessMakeTheSameTable(long seed) {
        List<String> withSocket = tables(seed, kernel);
        int structural = throughProcess.size();
        List<String> withProcessOnly = tables(seed, process);

        assertThat(withSocket).isEqualTo(withProcessOnly);
        assertThat(structural).isLessThan(withProcessOnly.size());
    }

    /** The table after every transaction, from none. */
    private static List<String> tables(long seed, NftWriter writer) {
        Random random = new Random(seed);
        Policies policies = new Policies();
        List<String> tables = new ArrayList<>();
        NftPolicyDriver driver = new NftPolicyDriver(writer);
        for (int i = 0; i < 40; i++) {
            Step.random(random).applyTo(policies);
            AddressSet hosts = AddressSet.of(IpAddress.v4(0xac1e_0000 + i / 3), IpAddress.v6(0xfd30L << 48, i / 5));
            driver.apply(policies.content().withTunnelHosts(hosts));
            tables.add(KernelTable.listByMeaning());
        }
        driver.removeTable();
        return tables;
    }

    @Nested
    class Elements {
        private static final Datum.Name NAME = Datum.name("cali12345678901");
        private static final Element V4 = Element.of(NAME, Datum.address(IpAddress.parse("10.65.0.2")));
        private static final Element V6 = Element.of(NAME, Datum.address(IpAddress.parse("fd80::2")));
        private static final Element MAC = Element.of(NAME, new Datum.Mac(MacAddress.parse("ee:ee:ee:00:00:01")));

        @BeforeEach
        void makeTable() {
            write(tx -> {
                tx.addTable();
                Layout.declare(tx);
                tx.addSet("members", SetType.setOf(SetType.Part.IPV4_ADDRESS));
                tx.addSet("members6", SetType.setOf(SetType.Part.IPV6_ADDRESS));
            });
            throughProcess.clear();
        }

        private void write(Consumer<NftTransaction.Builder> commands) {
            NftTransaction.Builder tx = NftTransaction.builder();
            commands.accept(tx);
            kernel.write(tx.build());
        }

        @Test
        void everyTypeIsStoredAsNftStoresIt() {
            Consumer<NftTransaction.Builder> all = tx -> {
                tx.addElements(Layout.SOURCES4, List.of(V4));
                tx.addElements(Layout.SOURCES6, List.of(V6));
                tx.addElements(Layout.SOURCE_MACS, List.of(MAC));
                tx.addElements(Layout.UPLINKS, List.of(Element.of(Datum.name("br-1.2"))));
                tx.addElements(Layout.HOSTS4, List.of(Element.of(Datum.address(IpAddress.parse("172.30.0.2")))));
                tx.addElements(Layout.HOSTS6, List.of(Element.of(Datum.address(IpAddress.parse("fd30::2")))));
                tx.addElements(Layout.POLICY_OF, List.of(Element.mapping(NAME, Datum.number(0xfedc_ba98L))));
                tx.addElements("members", List.of(Element.of(Datum.address(IpAddress.parse("203.0.113.7")))));
                tx.addElements("members6", List.of(Element.of(Datum.address(IpAddress.parse("fd80::7")))));
            };
            write(all);
            String list = KernelTable.list();

            assertThat(throughProcess).isEmpty();
            assertThat(list)
                    .contains(
                            "\"cali12345678901\" . 10.65.0.2",
                            "\"cali12345678901\" . fd80::2",
                            "\"cali12345678901\" . ee:ee:ee:00:00:01",
                            "\"br-1.2\"",
                            "172.30.0.2",
                            "fd30::2",
                            "\"cali12345678901\" : 0xfedcba98",
                            "203.0.113.7",
                            "fd80::7");
            // What nft writes meets what is there: else it would be there twice, or refused.
            NftTransaction.Builder again = NftTransaction.builder();
            all.accept(again);
            process.write(again.build());
            assertThat(KernelTable.list()).isEqualTo(list);
        }

        @Test
        void refusalNamesTheElementAndUndoesTheRest() {
            String before = KernelTable.list();

            assertThatThrownBy(() -> write(tx -> {
                        tx.addElements(Layout.SOURCES4, List.of(V4));
                        tx.deleteElements(Layout.SOURCE_MACS, List.of(MAC));
                        tx.addElements(Layout.SOURCES6, List.of(V6));
                    }))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessage("write table inet calico: delete element { \"cali12345678901\" . ee:ee:ee:00:00:01 }"
                            + " of set mac in table inet calico: ENOENT (No such file or directory)");

            assertThat(throughProcess).isEmpty();
            assertThat(KernelTable.list()).isEqualTo(before);
        }

        @Test
        void anotherValueIsRefusedUnlessTheOldOneIsDeletedFirst() {
            write(tx -> tx.addElements(Layout.POLICY_OF, List.of(Element.mapping(NAME, Datum.number(1)))));

            assertThatThrownBy(() -> write(
                            tx -> tx.addElements(Layout.POLICY_OF, List.of(Element.mapping(NAME, Datum.number(2))))))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessageContaining("add element { \"cali12345678901\" : 2 } of set policy_of");
            write(tx -> {
                tx.deleteElements(Layout.POLICY_OF, List.of(Element.of(NAME)));
                tx.addElements(Layout.POLICY_OF, List.of(Element.mapping(NAME, Datum.number(2))));
            });

            assertThat(KernelTable.list()).contains("\"cali12345678901\" : 0x00000002");
        }

        @Test
        void thousandsOfElementsFitIntoOneTransaction() {
            List<Element> members = new ArrayList<>();
            for (int i = 0; i < 5000; i++) {
                members.add(Element.of(Datum.address(IpAddress.v4(0x0a000000 + i))));
            }

            write(tx -> tx.addElements("members", members));
            assertThat(KernelTable.list()).contains("10.0.0.0", "10.0.19.135");
            write(tx -> tx.deleteElements("members", members));

            assertThat(KernelTable.list()).doesNotContain("10.0.0.0");
            assertThat(throughProcess).isEmpty();
        }

        @Test
        void lostTableIsNoticed() {
            assertThat(kernel.tableExists()).isTrue();
            Tool.run("nft flush ruleset");

            assertThat(kernel.tableExists()).isFalse();
            assertThatThrownBy(() -> write(tx -> tx.addElements(Layout.SOURCES4, List.of(V4))))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessageContaining("ENOENT");
        }

        @Test
        void elementsThatLeadToChainsGoThroughTheProcess() {
            write(tx -> tx.addElements(
                    Layout.FROM_POLICY, List.of(Element.mapping(Datum.number(7), NftVerdict.goTo("ok")))));

            assertThat(throughProcess).hasSize(1);
        }
    }
}
