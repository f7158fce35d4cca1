package io.calico.ipam.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SmallRecordsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''                                        | CONFIRMED
            ' '                                       | CONFIRMED
            {}                                        | CONFIRMED
            {"state":""}                              | CONFIRMED
            {"state":null}                            | CONFIRMED
            {"state":"confirmed","deleted":false}     | CONFIRMED
            {"state":"pending"}                       | PENDING
            {"state":"pendingDeletion"}               | PENDING_DELETION
            {"state":"somethingNew"}                  | PENDING
            nonsense                                  | PENDING
            """)
    void anEmptyRowIsConfirmedAndAnUnknownOneIsNot_R7(String json, AffinityRow.State state) {
        assertThat(AffinityRow.decode(json).orElseThrow().state()).isEqualTo(state);
    }

    @Test
    void aRowThatSaysItIsDeletedIsAbsent() {
        assertThat(AffinityRow.decode("{\"state\":\"confirmed\",\"deleted\":true}"))
                .isEmpty();
    }

    @Test
    void aRowIsWrittenWithItsStateAndWhatWeDoNotKnow_R2_R7() {
        assertThat(AffinityRow.confirmed().encode()).isEqualTo("{\"state\":\"confirmed\"}");
        AffinityRow row =
                AffinityRow.decode("{\"state\":\"pending\",\"x\":[1]}").orElseThrow();
        assertThat(row.encode()).isEqualTo("{\"state\":\"pending\",\"x\":[1]}");
        assertThat(row.confirm().encode()).isEqualTo("{\"state\":\"confirmed\",\"x\":[1]}");
    }

    @Test
    void configurationHasDefaultsForWhatIsNotThere_T110() {
        assertThat(IpamConfig.decode("{}")).isEqualTo(IpamConfig.DEFAULT);
        assertThat(IpamConfig.decode("{\"strict_affinity\":true,\"auto_allocate_blocks\":false,"
                        + "\"maxBlocksPerHost\":20,\"ipCooldownSeconds\":30}"))
                .isEqualTo(new IpamConfig(true, false, 20, Duration.ofSeconds(30), Reservations.NONE, Map.of()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"strict_affinity\":\"yes\"}",
                "{\"maxBlocksPerHost\":-1}",
                "{\"ipCooldownSeconds\":1201}",
                "{\"maxBlocksPerHost\":1e3}"
            })
    void aDamagedConfigurationIsATypedError(String json) {
        assertThatThrownBy(() -> IpamConfig.decode(json)).isInstanceOf(CorruptRecord.class);
    }
}
