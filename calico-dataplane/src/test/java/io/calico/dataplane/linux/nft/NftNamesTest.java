package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NftNamesTest {
    @ParameterizedTest
    @ValueSource(strings = {"WEB", "data-tier", "a.b_c-d", "0", "..", "-"})
    void nameThatNftTakesStaysItself(String id) {
        assertThat(NftNames.ofId(id)).isEqualTo(id);
    }

    @Test
    void nameOfTwoHundredCharactersStaysAndOneMoreIsHashed() {
        assertThat(NftNames.ofId("a".repeat(200))).isEqualTo("a".repeat(200));
        assertThat(NftNames.ofId("a".repeat(201))).matches("_[0-9a-f]{32}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "a;b", "a\nb", "a\"b", "ä", "", "a{b}", "a#b"})
    void nameThatWouldMeanSomethingElseToNftIsHashed(String id) {
        assertThat(NftNames.ofId(id)).matches("_[0-9a-f]{32}");
    }

    @Test
    void differentIdsAndListsNeverShareAName() {
        String hashed = NftNames.ofId("a b");
        Set<String> names = Stream.of(
                        NftNames.ofIds(List.of()),
                        NftNames.ofIds(List.of("a b")),
                        NftNames.ofIds(List.of(hashed)),
                        NftNames.ofIds(List.of("a", "b")),
                        NftNames.ofIds(List.of("b", "a")),
                        NftNames.ofIds(List.of("a", "", "b")),
                        NftNames.ofIds(List.of("a,b")),
                        NftNames.ofIds(List.of("ab", "")),
                        NftNames.ofIds(List.of("")))
                .collect(Collectors.toSet());

        assertThat(names).hasSize(9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "9a", "a b", "a;", "a\n", "-a"})
    void invalidChainNameIsRefusedByItsName(String name) {
        assertThatThrownBy(() -> NftNames.requireValid("chain", name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("chain name '" + name + "'");
    }

    @Test
    void interfaceNameThatWouldMeanSomethingElseToNftIsRefused() {
        assertThatThrownBy(() -> Datum.name("eth0\" }"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("interface name 'eth0\" }'");
    }
}
