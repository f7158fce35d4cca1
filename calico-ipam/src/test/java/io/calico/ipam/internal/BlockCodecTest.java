package io.calico.ipam.internal;

import static io.calico.ipam.internal.Blocks.NOW;
import static io.calico.ipam.internal.Blocks.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockCodecTest {
    private static final Cidr CIDR = Cidr.parse("192.168.3.0/30");

    private static AllocationBlock decode(String json) {
        return BlockCodec.decode(CIDR, json).block().orElseThrow();
    }

    /** A text block without its line breaks. */
    private static String line(String json) {
        return json.replace("\n", "");
    }

    @Test
    void aNewBlockHasTheseFieldsAndNoOthers_T1_R3() {
        AllocationBlock block = AllocationBlock.create(CIDR, "test_host", NOW, 0);

        String json = BlockCodec.encode(block);

        assertThat(json).isEqualTo(line("""
                {"cidr":"192.168.3.0/30","affinity":"host:test_host","affinity_claim_time":"2026-08-22T10:00:00Z",
                "allocations":[null,null,null,null],"unallocated":[0,1,2,3],"attributes":[],
                "sequenceNumber":1787392800000000000,"sequenceNumberForAllocation":{}}"""));
        assertThat(BlockCodec.encode(decode(json))).isEqualTo(json);
        assertThat(decode(json).freeCount()).isEqualTo(4);
    }

    @Test
    void anAllocationPointsToItsEntry_T2() {
        Blocks block = Blocks.of("192.168.3.0/26");
        block.assign(5, entry("test_key", "key1", "v1", "key2", "v2"));

        String json = BlockCodec.encode(block.block());

        assertThat(json)
                .contains("\"allocations\":[null,null,null,null,null,0,null,")
                .contains("\"unallocated\":[0,1,2,3,4,6,7,")
                .contains("{\"handle_id\":\"test_key\",\"secondary\":{\"key1\":\"v1\",\"key2\":\"v2\"}}")
                .contains("\"sequenceNumberForAllocation\":{\"5\":1787392800000000000}")
                .contains("\"writeId\":\"0123456789abcdef\",\"writtenAt\":\"2026-08-22T10:00:00Z\"}");
        assertThat(block.block().freeCount()).isEqualTo(63);
    }

    @Test
    void withoutAQueueTheFreeOrdinalsAreQueuedAscendingAndWrittenFromThenOn_T3() {
        AllocationBlock block = decode("""
                {"cidr":"192.168.3.0/30","affinity":"host:h","allocations":[null,0,null,null],
                 "attributes":[{"handle_id":null,"secondary":null}]}""");

        assertThat(Blocks.of(block).queue()).containsExactly(0, 2, 3);
        assertThat(BlockCodec.encode(block)).contains("\"unallocated\":[0,2,3]");
    }

    @Nested
    class Corpus {
        /** As libcalico of February 2016 writes it, spaces and all. */
        @Test
        void aBlockOfTheFirstVersionIsReadAndKeepsItsMeaning_I26() {
            AllocationBlock block = decode("""
                    {"cidr": "192.168.3.0/30", "affinity": "host:node-1", "allocations": [null, 0, 0, 1],
                     "unallocated": [0], "attributes": [{"handle_id": "h1", "secondary": {"key": "value"}},
                     {"handle_id": null, "secondary": {}}]}""");

            assertThat(block.host()).hasValue("node-1");
            assertThat(block.addressesOf("h1")).hasSize(2);
            assertThat(block.sequence()).isZero();
            assertThat(block.claimTime()).as("long ago").isEmpty();
            assertThat(BlockCodec.encode(block)).isEqualTo(line("""
                    {"cidr":"192.168.3.0/30","affinity":"host:node-1","allocations":[null,0,0,1],"unallocated":[0],
                    "attributes":[{"handle_id":"h1","secondary":{"key": "value"}},{"handle_id":null,"secondary":{}}]}"""));
        }

        /** As the Go library of 2026 writes it. */
        @Test
        void aBlockOfTheNewestVersionSurvivesToTheByte_I26_R2() {
            String json = line("""
                    {"cidr":"192.168.3.0/30","affinity":"host:node-1","affinity_claim_time":"2026-08-22T10:00:00.5+02:00",
                    "allocations":[0,1,null,2],"unallocated":[2],
                    "attributes":[{"handle_id":"h1","secondary":{"node":"node-1","timestamp":"2026-08-22 10:00:00"},
                    "alternateOwnerAttrs":{"node":"node-2","pod":"p"}},
                    {"handle_id":null,"secondary":null,"releasedAt":"2026-08-22T09:59:59.123456789Z"},
                    {"handle_id":"h2","secondary":{}}],
                    "sequenceNumber":1787392800000000001,
                    "sequenceNumberForAllocation":{"0":1787392800000000000,"3":9},
                    "somethingNew":{"a":[1,2.50,1e400,"\\u00e9"]}}""");

            AllocationBlock block = decode(json);

            assertThat(BlockCodec.encode(block)).isEqualTo(json);
            assertThat(block.claimTime())
                    .hasValueSatisfying(t -> assertThat(t).hasToString("2026-08-22T08:00:00.500Z"));
            assertThat(block.sequenceOf(IpAddress.parse("192.168.3.3"))).isEqualTo(9);
        }

        @Test
        void unknownFieldsSurviveAnAssignment_R2() {
            Blocks block = Blocks.of(decode(line("""
                    {"cidr":"192.168.3.0/30","affinity":"host:test_host","allocations":[0,null,null,null],
                    "unallocated":[1,2,3],"attributes":[{"handle_id":null,"secondary":null,"x":{ "y" : 1.0 }}],
                    "zone":"rack 7"}""")));

            block.auto(1, entry(null));

            assertThat(BlockCodec.encode(block.block()))
                    .contains("{\"handle_id\":null,\"secondary\":null,\"x\":{ \"y\" : 1.0 }}")
                    .contains("\"allocations\":[0,1,null,null]")
                    .endsWith(",\"zone\":\"rack 7\"}");
        }

        @Test
        void obsoleteFieldsAreReadAndNotWritten_R3() {
            AllocationBlock block = decode("""
                    {"cidr":"192.168.3.0/30","affinity":"host:h","strict_affinity":true,"hostAffinity":"x",
                     "allocations":[null,null,null,null],"unallocated":[0,1,2,3],"attributes":[],"deleted":false}""");

            assertThat(BlockCodec.encode(block)).doesNotContain("strict_affinity", "hostAffinity", "deleted");
        }

        @ParameterizedTest
        @ValueSource(strings = {"\"affinity\":null,", "\"affinity\":\"\",", ""})
        void noAffinityHasThreeForms(String affinity) {
            AllocationBlock block = decode("{\"cidr\":\"192.168.3.0/30\"," + affinity
                    + "\"allocations\":[null,null,null,null],\"unallocated\":[0,1,2,3],\"attributes\":[]}");

            assertThat(block.hasAffinity()).isFalse();
            assertThat(BlockCodec.encode(block)).contains("\"affinity\":null,");
        }

        @Test
        void aBlockOfSomethingThatIsNoHostIsNobodysButNotFree() {
            AllocationBlock block = decode("""
                    {"cidr":"192.168.3.0/30","affinity":"virtual:load-balancer",
                     "allocations":[null,null,null,null],"unallocated":[0,1,2,3],"attributes":[]}""");

            assertThat(block.host()).isEmpty();
            assertThat(block.hasAffinity()).isTrue();
            assertThat(BlockCodec.encode(block)).contains("\"affinity\":\"virtual:load-balancer\"");
        }

        @Test
        void aDeletedBlockIsAbsentButItsSequenceNumberIsNot() {
            BlockCodec.Decoded decoded = BlockCodec.decode(CIDR, """
                    {"cidr":"192.168.3.0/30","allocations":[null,null,null,null],"unallocated":[0,1,2,3],
                     "attributes":[],"sequenceNumber":77,"deleted":true}""");

            assertThat(decoded.block()).isEmpty();
            assertThat(decoded.sequence()).isEqualTo(77);
        }

        @Test
        void numbersBeyondADoubleKeepEveryDigit_R1() {
            String json = BlockCodec.encode(AllocationBlock.create(CIDR, "h", NOW, -3));

            assertThat(json).contains("\"sequenceNumber\":18446744073709551614,");
            assertThat(decode(json).sequence()).isEqualTo(-2);
            assertThat(BlockCodec.encode(decode(json))).isEqualTo(json);
        }

        @Test
        void aLargeBlockIsReadThroughTheParsersBuffers() {
            Cidr large = Cidr.parse("10.0.0.0/20");
            Blocks block = Blocks.of("10.0.0.0/20");
            for (int i = 0; i < 500; i++) {
                block.auto(1, AttributeEntry.of("handle-" + i, JsonValue.of(Map.of("note", "ü".repeat(80))), null));
            }
            String json = BlockCodec.encode(block.block());

            AllocationBlock decoded = BlockCodec.decode(large, json).block().orElseThrow();

            assertThat(json).hasSizeGreaterThan(0x8000);
            assertThat(BlockCodec.encode(decoded)).isEqualTo(json);
        }
    }

    @Nested
    class Damage {
        private static final String QUEUE = "\"unallocated\":[2,3],";
        private static final String SOUND = "{\"cidr\":\"192.168.3.0/30\",\"affinity\":\"host:h\","
                + "\"allocations\":[0,0,null,null]," + QUEUE
                + "\"attributes\":[{\"handle_id\":null,\"secondary\":null}]}";

        private List<String> check(String json) {
            return BlockCodec.check(CIDR, json, NOW);
        }

        @ParameterizedTest(name = "{0}")
        @CsvSource(delimiter = '|', textBlock = """
                bad index        | :[0,0    | :[7,0   | allocation of ordinal 0 points to attribute entry 7 of 1
                negative index   | :[0,0    | :[-2,0  | allocation of ordinal 0 points to attribute entry -2 of 1
                duplicate        | [2,3]    | [2,2]   | unallocated has ordinal 2 twice
                allocated queued | [2,3]    | [2,3,0] | unallocated has ordinal 0, which is allocated
                too large        | [2,3]    | [2,3,4] | unallocated has ordinal 4, outside of the block
                sum wrong        | [2,3]    | [2]     | 1 unallocated and 2 allocated ordinals do not add up to 4
                """)
        void isNamedAndTheBlockIsNotUsed_T111_R4(String what, String from, String to, String problem) {
            String json = SOUND.replace(from, to);

            assertThat(check(SOUND)).isEmpty();
            assertThat(check(json)).as(what).containsExactly(problem);
            assertThatThrownBy(() -> decode(json))
                    .isInstanceOf(CorruptRecord.class)
                    .hasMessage(problem);
        }

        @ParameterizedTest(name = "{0}")
        @CsvSource(delimiter = '|', textBlock = """
                unused entry     | null}]     | null},{"handle_id":"x"}]                                     | attribute entry 1 belongs to no allocation
                released ahead   | null}]     | null,"releasedAt":"2026-08-22T10:00:01Z"}]                   | attribute entry 0 was released at 2026-08-22T10:00:01Z, which is not in the past
                """)
        void thatHindersNobodyIsNamedAndTheBlockIsUsed_T111_T101(String what, String from, String to, String problem) {
            String json = SOUND.replace(from, to);

            assertThat(check(json)).as(what).containsExactly(problem);
            assertThat(decode(json).entries()).hasSize(1);
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                {                                                        | not valid JSON
                [1]                                                      | not a JSON object
                null                                                     | not a JSON object
                ''                                                       | not a JSON object
                {"cidr":"192.168.3.0/30"}                                | allocations has 0 elements, not 4
                {"cidr":"192.168.3.0/30","allocations":[null]}           | allocations has 1 elements, not 4
                {"cidr":"192.168.3.4/30","allocations":[]}               | cidr is 192.168.3.4/30, the key says 192.168.3.0/30
                {"cidr":5}                                               | cidr is neither a string nor null
                {"cidr":"nonsense"}                                      | cidr is 'nonsense', not a CIDR
                {"cidr":"192.168.3.0/30","allocations":["a"]}            | allocations is not a whole number
                {"cidr":"192.168.3.0/30","allocations":[1.5]}            | allocations is not a whole number
                {"cidr":"192.168.3.0/30","allocations":[99999999999999]} | allocations is 99999999999999
                {"cidr":"192.168.3.0/30","allocations":{}}               | allocations is not an array
                {"cidr":"192.168.3.0/30","attributes":[1]}               | not a JSON object
                {"cidr":"192.168.3.0/30","attributes":1}                 | attributes is not an array
                {"cidr":"192.168.3.0/30","sequenceNumber":-1}            | sequenceNumber is not in 0-18446744073709551615
                {"cidr":"192.168.3.0/30","sequenceNumber":1.0}           | sequenceNumber is not a whole number
                {"sequenceNumberForAllocation":{"x":1}}                  | 'x' is not an ordinal
                {"cidr":"192.168.3.0/30"} {}                             | followed by something else
                {"attributes":[{"secondary":1e99999999999}]}             | exponent is too large
                {"attributes":[{"x":{"y":[1e99999999999]}}]}             | exponent is too large
                """)
        void ofTheFormIsATypedErrorNeverACrash(String json, String reason) {
            assertThatThrownBy(() -> BlockCodec.decode(CIDR, json))
                    .isInstanceOf(CorruptRecord.class)
                    .hasMessageContaining(reason);
            assertThat(check(json)).hasSize(1);
        }

        @Test
        void aSequenceNumberOutsideOfTheBlockIsNamed() {
            assertThat(check(SOUND.replace("}]}", "}],\"sequenceNumberForAllocation\":{\"4\":1}}")))
                    .containsExactly("sequenceNumberForAllocation has ordinal 4, outside of the block");
        }

        @Test
        void aBlockOfMoreThan4096AddressesIsDamaged() {
            Cidr huge = Cidr.parse("10.0.0.0/16");

            assertThat(BlockCodec.check(huge, "{\"cidr\":\"10.0.0.0/16\"}", NOW))
                    .containsExactly("block 10.0.0.0/16 has more than 4096 addresses");
        }
    }
}
