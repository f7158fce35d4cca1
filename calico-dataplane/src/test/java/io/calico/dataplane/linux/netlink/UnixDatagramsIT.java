package io.calico.dataplane.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnixDatagramsIT {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aDatagramArrivesWhole(boolean isAbstract) throws IOException {
        String address = isAbstract
                ? "@calico-test-" + ProcessHandle.current().pid()
                : directory.resolve("notify").toString();
        int receiver = Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        try {
            ByteBuffer name = UnixDatagrams.socketName(address);
            assertThat(Libc.bind(receiver, name, name.remaining())).isZero();

            UnixDatagrams.send(address, "READY=1\nSTATUS=ready");

            ByteBuffer data = ByteBuffer.allocateDirect(100);
            long length =
                    Libc.recvfrom(receiver, data, 100, Libc.MSG_DONTWAIT, ByteBuffer.allocateDirect(110), size(110));
            byte[] bytes = new byte[(int) length];
            data.get(bytes);
            assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo("READY=1\nSTATUS=ready");
        } finally {
            Libc.close(receiver);
        }
    }

    private static ByteBuffer size(int size) {
        return ByteBuffer.allocateDirect(4)
                .order(java.nio.ByteOrder.nativeOrder())
                .putInt(size)
                .flip();
    }

    @Test
    void aSocketThatIsNotThereIsAnError() {
        assertThatThrownBy(() -> UnixDatagrams.send(directory.resolve("none").toString(), "READY=1"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none");
        assertThatThrownBy(() -> UnixDatagrams.send("/" + "x".repeat(107), "READY=1"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
