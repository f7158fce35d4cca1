package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.rule.Rule;
import io.calico.model.testing.ModelArbitraries;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;
import org.junit.jupiter.api.Test;

/** Whatever stands at a key: it is read, or refused by its key. */
class DamagedRecordsTest {
    private static final Map<Class<?>, Arbitrary<?>> RECORDS = Map.of(
            WorkloadEndpoint.class, ModelArbitraries.endpoints(),
            IpPool.class, ModelArbitraries.pools(),
            ProfileRules.class, ModelArbitraries.profileRules(),
            Rule.class, ModelArbitraries.applicableRules(),
            Network.class,
                    Arbitraries.just(
                            Network.builder().id("i").name("n").host("h").build()),
            HostNetwork.class,
                    Arbitraries.just(
                            HostNetwork.builder().name("n").network("i").build()));

    @Provide
    Arbitrary<Tuple2<Class<?>, String>> damaged() {
        return Arbitraries.of(RECORDS.keySet())
                .flatMap(type -> Mangled.textsLike(RECORDS.get(type).map(ModelJson::write))
                        .map(text -> Tuple.of(type, text)));
    }

    @Property(tries = 20_000)
    void recordIsReadOrRefusedWithItsKey(@ForAll("damaged") Tuple2<Class<?>, String> damaged) {
        try {
            Object value = ModelJson.read(Records.KEY, damaged.get2(), damaged.get1());
            // What could be read can also be written, and then it is the same.
            assertThat(ModelJson.read(Records.KEY, ModelJson.write(value), damaged.get1()))
                    .isEqualTo(value);
        } catch (BadRecordException e) {
            assertThat(e.key()).isEqualTo(Records.KEY);
            assertThat(e.reason()).isNotBlank();
        }
    }

    @Property
    void tagsAreReadOrRefusedWithTheirKey(@ForAll("tagTexts") String text) {
        try {
            assertThat(ModelJson.readTags(Records.KEY, ModelJson.writeTags(ModelJson.readTags(Records.KEY, text))))
                    .isEqualTo(ModelJson.readTags(Records.KEY, text));
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
        assertThat(Records.reason("", IpPool.class)).isEqualTo("the record is empty");
        assertThat(Records.reason(" \n", IpPool.class)).isEqualTo("the record is empty");
        assertThat(Records.reason("null", IpPool.class)).isEqualTo("the record is null");
        assertThat(Records.reason("{\"cidr\"", IpPool.class)).startsWith("not valid JSON: ");
        assertThat(Records.reason("{\"cidr\":\"10.0.0.0/8\"} {}", IpPool.class)).contains("Trailing token");
    }

    @Test
    void deepNestingIsRefusedNotFollowed() {
        String deep = "[".repeat(100_000);

        assertThat(Records.reason(deep, IpPool.class)).contains("nesting depth");
        assertThat(Records.reason("{\"cidr\":\"10.0.0.0/8\",\"x\":" + deep, IpPool.class))
                .contains("nesting depth");
    }

    @Test
    void hugeNumberIsRefused() {
        String digits = "9".repeat(2000);

        assertThat(Records.reason("{\"cidr\":\"10.0.0.0/8\",\"x\":" + digits + "}", IpPool.class))
                .contains("Number value length");
        assertThat(Records.reason("{\"protocol\":\"tcp\",\"dst_ports\":[1e999999]}", Rule.class))
                .contains("dst_ports");
    }
}
