package io.calico.datastore.etcd;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;

/** What it misses, every start of a command on etcd pays for. */
class EtcdTrainingTest {
    @Test
    void everyCallIsAnsweredAndTheChangeIsSeen() {
        assertThatCode(EtcdTraining::run).doesNotThrowAnyException();
    }
}
