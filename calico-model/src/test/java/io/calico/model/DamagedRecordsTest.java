package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.JsonRecord;
import io.calico.model.json.ModelJson;
import io.calico.model.rule.Rule;
import io.calico.model.testing.ModelArbitraries;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever stands at a key: it is read, or refused by its key. */
class DamagedRecordsTest {
    /** A kind of record: how it is read, and good ones to damage. */
    record Kind(Function<JsonNode, ? extends JsonRecord> fromJson, Arbitrary<String> good) {
        static <T extends JsonRecord> Kind of(Function<JsonNode, T> fromJson, Arbitrary<T> good) {
            return new Kind(fromJson, good.map(ModelJson::write));
        }
    }

    record Damaged(Kind kind, String text) {}

    private static final List<Kind> KINDS = List.of(
            Kind.of(WorkloadEndpoint::fromJson, ModelArbitraries.endpoints()),
            Kind.of(IpPool::fromJson, ModelArbitraries.pools()),
            Kind.of(ProfileRules::fromJson, ModelArbitraries.profileRules()),
            Kind.of(Rule::fromJson, ModelArbitraries.applicableRules()),
            Kind.of(
                    Network::fromJson,
                    Arbitraries.just(
                            Network.builder().id("i").name("n").host("h").build())),
            Kind.of(
                    HostNetwork::fromJson,
                    Arbitraries.just(
                            HostNetwork.builder().name("n").network("i").build())));

    @Provide
    Arbitrary<Damaged> damaged() {
        return Arbitraries.of(KINDS)
                .flatMap(kind -> Mangled.textsLike(kind.good()).map(text -> new Damaged(kind, text)));
    }

    @Property(tries = 5000)
    void recordIsReadOrRefusedWithItsKey(@ForAll("damaged") Damaged damaged) {
        Function<JsonNode, ? extends JsonRecord> fromJson = damaged.kind().fromJson();
        try {
            JsonRecord value = ModelJson.read(Records.KEY, damaged.text(), fromJson);
            // What could be read can also be written, and then it is the same.
            assertThat(ModelJson.read(Records.KEY, ModelJson.write(value), fromJson))
                    .isEqualTo(value);
        } catch (BadRecordException e) {
            assertThat(e.key()).isEqualTo(Records.KEY);
            assertThat(e.reason()).isNotBlank();
        }
    }

    @Property
    void tagsAreReadOrRefusedWithTheirKey(@ForAll("tagTexts") String text) {
        try {
            List<String> tags = ModelJson.readTags(Records.KEY, text);
            assertThat(ModelJson.readTags(Records.KEY, ModelJson.writeTags(tags)))
                    .isEqualTo(tags);
        } catch (BadRecordException e) {
            assertThat(e.key()).isEqualTo(Records.KEY);
        }
    }

    @Provide
    Arbitrary<String> tagTexts() {
        return Mangled.textsLike(ModelArbitraries.names().list().ofMaxSize(4).map(ModelJson::writeTags));
    }

    @Test
    void recordThatIsNoJsonSaysSo() {
        assertThat(Records.reason("", IpPool::fromJson)).isEqualTo("the record is empty");
        assertThat(Records.reason(" \n", IpPool::fromJson)).isEqualTo("the record is empty");
        assertThat(Records.reason("null", IpPool::fromJson)).isEqualTo("not a JSON object but null");
        assertThat(Records.reason("{\"cidr\"", IpPool::fromJson)).startsWith("not valid JSON: Unexpected end-of-input");
        assertThat(Records.reason("{\"cidr\":\"10.0.0.0/8\"} {}", IpPool::fromJson))
                .isEqualTo("not valid JSON: there is more text after the first value");
    }

    @Test
    void deepNestingIsRefusedNotFollowed() {
        String deep = "[".repeat(100_000);

        assertThat(Records.reason(deep, IpPool::fromJson)).contains("nesting depth");
        assertThat(Records.reason("{\"cidr\":\"10.0.0.0/8\",\"x\":" + deep, IpPool::fromJson))
                .contains("nesting depth");
    }

    @Test
    void nestingUpToTheLimitIsKeptOnAStackLikeTheDaemons() throws Exception {
        String json = "{\"cidr\":\"10.0.0.0/8\",\"x\":" + "{\"a\":".repeat(499) + "1" + "}".repeat(500);

        FutureTask<String> copy =
                new FutureTask<>(() -> ModelJson.write(ModelJson.read(Records.KEY, json, IpPool::fromJson)));
        new Thread(null, copy, "small stack", 512 << 10).start();

        assertThat(copy.get()).isEqualTo(json);
    }

    /** As of other writers: what we do not know must come back as it was. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            0
            -1
            2147483648
            99999999999999999999999999
            0.1
            -0.5
            1.50
            3.141592653589793238462643383279
            1E+400
            true
            null
            "é€😀 \\"\\\\\\n"
            [1,[],{},[null,{"a":"b"}]]
            """)
    void unknownValueIsKeptExactly(String value) {
        String json = "{\"cidr\":\"10.0.0.0/8\",\"x\":" + value + "}";

        assertThat(ModelJson.write(ModelJson.read(Records.KEY, json, IpPool::fromJson)))
                .isEqualTo(json);
    }

    @Test
    void hugeNumberIsRefused() {
        String digits = "9".repeat(2000);

        assertThat(Records.reason("{\"cidr\":\"10.0.0.0/8\",\"x\":" + digits + "}", IpPool::fromJson))
                .contains("Number value length");
        assertThat(Records.reason("{\"cidr\":\"10.0.0.0/8\",\"x\":1e99999999999}", IpPool::fromJson))
                .isEqualTo("not valid JSON: the exponent of a number is too large");
        assertThat(Records.reason("{\"protocol\":\"tcp\",\"dst_ports\":[1e999999]}", Rule::fromJson))
                .isEqualTo("element 1 of 'dst_ports': not a whole number but 1E+999999");
    }
}
