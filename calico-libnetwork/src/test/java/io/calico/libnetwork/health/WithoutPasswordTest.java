package io.calico.libnetwork.health;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WithoutPasswordTest {
    @ParameterizedTest
    @CsvSource({
        "etcd://h:2379, etcd://h:2379",
        "etcds://root:secret@h:2379, etcds://***@h:2379",
        "see http://a:b@c/d and https://e@f, see http://***@c/d and https://***@f",
        "sqlite:/var/lib/calico/calico.db, sqlite:/var/lib/calico/calico.db",
        "http://h/path@x, http://h/path@x"
    })
    void userAndPasswordAreTakenOut(String text, String shown) {
        assertThat(WithoutPassword.uri(text)).isEqualTo(shown);
    }
}
